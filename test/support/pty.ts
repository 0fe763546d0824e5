import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { childEnvironment, programArgs } from './command.ts';
import { type ShownTerminal, showTerminal } from './terminal.ts';
import { until } from './until.ts';

/** `spendwatch` on a terminal of the system. */
export interface TerminalProcess {
  readonly shown: ShownTerminal;
  /** Everything that it wrote. */
  written(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the program has been stopped so many times: whether the terminal has the settings that it had before. */
  stopped(times: number): Promise<boolean>;
  /** Resolves when the program has ended: its exit code, and whether the terminal has the settings that it had before. */
  ended(): Promise<{ readonly code: number; readonly isRestored: boolean }>;
}

const run = promisify(execFile);
const living = new Set<ChildProcess>();
afterAll(() => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts `spendwatch` under `script` of util-linux, which gives it a terminal, and a shell that tells of it before and after. */
export async function startOnTerminal(
  args: readonly string[],
  options: { readonly cwd: string; readonly columns: number; readonly rows: number },
  env: Readonly<Record<string, string>> = {},
): Promise<TerminalProcess> {
  const { cwd, columns, rows } = options;
  const program = [process.execPath, ...(await programArgs()), ...args].map(quoted).join(' ');
  const shell = [
    `stty rows ${rows} cols ${columns}`,
    'echo "tty $(tty) $(stty -g)"',
    // A shell of jobs: a program that is stopped goes on at the next line.
    'set -m',
    `sh -c 'echo "pid $$"; exec "$@"' sh ${program}`,
    'code=$?',
    'while [ $code = 148 ]; do echo "stopped $(stty -g)"; read -r line; fg > /dev/null; code=$?; done',
    'echo "code $code $(stty -g)"',
  ].join('; ');
  const child = spawn('script', ['--quiet', '--flush', '--command', shell, '/dev/null'], {
    cwd,
    env: childEnvironment({ TERM: 'xterm-256color', SHELL: '/bin/sh', ...env }),
  });
  living.add(child);
  child.once('close', () => living.delete(child));
  const shown = showTerminal(columns, rows);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    void shown.write(chunk);
  });
  const [, tty = '', settings] = await until('it has a terminal', () => /tty (\S+) (\S+)/.exec(text));
  const [, pid] = await until('the program starts', () => /pid (\d+)/.exec(text));
  return {
    shown,
    written: () => text,
    type: (keys) => void child.stdin.write(keys),
    async resize(newColumns, newRows) {
      shown.resize(newColumns, newRows);
      await run('stty', ['-F', tty, 'rows', String(newRows), 'cols', String(newColumns)]);
    },
    signal: (name) => void process.kill(Number(pid), name),
    async stopped(times) {
      const after = await until(
        'the program stops',
        () => [...text.matchAll(/stopped (\S+)/g)][times - 1]?.[1],
      );
      await shown.write('');
      return after === settings;
    },
    async ended() {
      const [, code, after] = await until('the program ends', () => /code (\d+) (\S+)/.exec(text));
      await shown.write('');
      return { code: Number(code), isRestored: after === settings };
    },
  };
}

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
