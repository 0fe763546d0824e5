#!/usr/bin/env node
// The program: runs a command, and turns an error into words and an exit code.

import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { processIo } from './commands/process-io.ts';
import { createProgram } from './commands/program.ts';
import { crashText } from './model/crash-text.ts';
import { AppError, wordsOf } from './model/errors.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const CHECKS: ReadonlySet<string | undefined> = new Set(['check', 'explain']);

/** The exit code of a fault: `code`, but 3 for commands with the codes of monitoring plugins, where 1 is a warning. */
const faultCode = (argv: readonly string[], code: 1 | 2): number =>
  CHECKS.has(argv.find((arg) => !arg.startsWith('-'))) ? 3 : code;

async function main(argv: readonly string[]): Promise<number> {
  const io = processIo();
  let code = 0;
  try {
    await createProgram(io, version, (result) => {
      code = result;
    }).parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : faultCode(argv, 2);
    const isOfFile = error instanceof AppError && error.code === 'config_invalid';
    // The faults of a file are complete lines already, each with its place and its hint.
    io.err(isOfFile ? error.message : `spendwatch: ${wordsOf(error)}`);
    if (error instanceof AppError && error.hint !== null) io.err(`  hint: ${error.hint}`);
    const isUsage = isOfFile || (error instanceof AppError && error.code === 'usage');
    return faultCode(argv, isUsage ? 2 : 1);
  }
}

// A reader that stops reading (`spendwatch check | head -1`) is not a fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

const argv = process.argv.slice(2);

// Unhandled rejections come here too.
process.on('uncaughtException', (fault) => {
  process.stderr.write(`spendwatch: ${crashText(fault)}\n`);
  process.exit(faultCode(argv, 1));
});

process.exitCode = await main(argv);
