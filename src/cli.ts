#!/usr/bin/env node
// Commander program; loads a command when it is called; error -> words + exit code.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Io } from './commands/io.ts';
import { crashText } from './model/crash-text.ts';
import { AppError, wordsOf } from './model/errors.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** What went wrong ends with `code`, but with 3 in `check`, whose codes are those of monitoring plugins: 1 is a warning. */
const faultCode = (argv: readonly string[], code: 1 | 2): number =>
  argv.find((arg) => !arg.startsWith('-')) === 'check' ? 3 : code;

function program(io: Io, finish: (code: number) => void): Command {
  const root = new Command('spendwatch')
    .description('Watches what a company spends on AI APIs, and tells people when something is wrong.')
    .version(version)
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    });

  /** A subcommand that reads alerts.yaml. Its options reach the implementation as one object. */
  const withConfig = (name: string, description: string): Command =>
    root
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'alerts.yaml', io.env.SPENDWATCH_CONFIG || './alerts.yaml');

  withConfig('run', 'the worker: polls on schedule, delivers, serves HTTP').action(async (options) => {
    const { run } = await import('./commands/run.ts');
    finish(await run({ ...options, version }, io));
  });

  withConfig('check', 'evaluates every rule once, now, and prints the result')
    .option('--rule <name>', 'only this rule (repeatable)', collected, [])
    .option(
      '--at <instant>',
      'as of this instant, ISO 8601 with zone (default: now, cut to the minute)',
      instant,
    )
    .option('--format <format>', 'table, json or nagios', oneOf('table', 'json', 'nagios'), 'table')
    .option('--direct', 'asks the audit store alone, without sums that a worker keeps', false)
    .option('--notify', 'sends what is news, once a day, as the worker would', false)
    .action(async (options) => {
      const { check } = await import('./commands/check.ts');
      finish(await check(options, io));
    });

  withConfig('backtest', 'what would have been sent between two instants; sends and writes nothing')
    .option('--from <instant>', 'first instant: ISO 8601 with zone, or a date')
    .option('--to <instant>', 'end, itself not included: ISO 8601 with zone, or a date')
    .option('--last <duration>', 'the time up to now, instead of --from and --to: 28d')
    .option('--step <duration>', 'from one instant to the next, or schedule for those of the file', '5m')
    .option('--rule <name>', 'only this rule (repeatable)', collected, [])
    .option('--format <format>', 'table, json or html', oneOf('table', 'json', 'html'), 'table')
    .option('--suggest <n/week>', 'also the limits that would have made so many alerts a week')
    .option('--diff <file>', 'also what the rules of another file would add, drop, or send earlier or later')
    .action(async (options) => {
      const { backtest } = await import('./commands/backtest.ts');
      finish(await backtest(options, io));
    });

  withConfig('validate', 'reads the file and reports every fault with its place, reason and a hint')
    .option('--connect', 'also opens the stores and channels; sends nothing', false)
    .action(async (options) => {
      const { validate } = await import('./commands/validate.ts');
      const { exitCode, config } = await validate(options.config, io, { sends: options.connect });
      if (config === null || !options.connect) return finish(exitCode);
      const { connect } = await import('./commands/connect.ts');
      finish(await connect(config, io));
    });

  withConfig('test-channel', 'sends one clearly marked drill message and says what the far end answered')
    .argument('[names...]', 'channels of alerts.yaml')
    .option('--all', 'every channel', false)
    .action(async (names: string[], options) => {
      const { testChannel } = await import('./commands/test-channel.ts');
      finish(await testChannel({ ...options, names }, io));
    });

  withConfig('init', 'writes a commented alerts.yaml (never over an existing file)')
    .option(
      '--create-table',
      'creates the default audit table and its indexes in the store that the file names',
      false,
    )
    .addOption(new Option('--stdout', 'prints the file instead of writing it').conflicts('createTable'))
    .action(async (options) => {
      const { init, printStarter } = await import('./commands/init.ts');
      if (options.stdout) return finish(printStarter(io));
      const written = await init(options.config, io);
      if (!options.createTable) return finish(written);
      const { createTable } = await import('./commands/create-table.ts');
      finish(await createTable(options.config, io));
    });

  withConfig('import', 'loads .jsonl and .csv files, or - for JSON Lines on stdin, into the audit store')
    .argument('<files...>', 'files to load')
    .action(async (files: string[], options) => {
      const { importFiles } = await import('./commands/import.ts');
      finish(await importFiles({ ...options, files }, io));
    });

  root
    .command('demo')
    .description(
      'the whole thing with nothing installed: 90 days of calls, an incident, and the messages it causes',
    )
    .option('--once', 'ends after the first alerts were delivered', false)
    .action(async (options) => {
      const { demo } = await import('./commands/demo.ts');
      finish(await demo(options, io));
    });

  root
    .command('schema')
    .description('prints the JSON Schema of alerts.yaml for editors')
    .action(async () => {
      const { schema } = await import('./commands/schema.ts');
      finish(await schema(io));
    });

  for (const command of root.commands) command.version(version).exitOverride();
  root.exitOverride();
  return root;
}

function collected(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

function oneOf(...allowed: string[]): (value: string) => string {
  return (value) => {
    if (!allowed.includes(value)) throw new InvalidArgumentError(`Allowed are ${allowed.join(', ')}.`);
    return value;
  };
}

/** An instant with a zone, as ms. A time without one would mean something else on another machine. */
function instant(value: string): number {
  const ms = /\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('Write it as ISO 8601 with a zone, such as 2026-11-20T02:05:00Z.');
  }
  return ms;
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

/** Pieces that are written at once, so that a write is worth its while. */
const WRITTEN_AT_ONCE = 65_536;

async function writtenInPieces(stream: NodeJS.WriteStream, pieces: Iterable<string>): Promise<void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < WRITTEN_AT_ONCE) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  stream.write(`${text}\n`);
}

async function main(argv: readonly string[]): Promise<number> {
  const { env, stdout, stderr } = process;
  const stdoutIsTerminal = stdout.isTTY === true;
  let stopped: Promise<void> | undefined;
  const io: Io = {
    out: (line) => void stdout.write(`${line}\n`),
    outPieces: (pieces) => writtenInPieces(stdout, pieces),
    err: (line) => void stderr.write(`${line}\n`),
    stdin: process.stdin,
    env,
    stdoutIsTerminal,
    columns: stdout.columns || 80,
    stderrIsTerminal: stderr.isTTY === true,
    colour: stdoutIsTerminal && !env.NO_COLOR && env.TERM !== 'dumb',
    get stopped() {
      stopped ??= stopRequested();
      return stopped;
    },
  };
  let code = 0;
  try {
    await program(io, (result) => {
      code = result;
    }).parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : faultCode(argv, 2);
    const isOfFile = error instanceof AppError && error.code === 'config_invalid';
    // The faults of a file are lines already, each with its place and its hint.
    io.err(isOfFile ? error.message : `spendwatch: ${wordsOf(error)}`);
    if (error instanceof AppError && error.hint !== null) io.err(`  hint: ${error.hint}`);
    const isUsage = isOfFile || (error instanceof AppError && error.code === 'usage');
    return faultCode(argv, isUsage ? 2 : 1);
  }
}

// A reader that went away (`spendwatch check | head -1`) is no fault of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

const argv = process.argv.slice(2);

// Rejections that nobody handles come here too.
process.on('uncaughtException', (fault) => {
  process.stderr.write(`spendwatch: ${crashText(fault)}\n`);
  process.exit(faultCode(argv, 1));
});

process.exitCode = await main(argv);
