import { spawn } from 'node:child_process';
import { shared } from './shared.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A command that takes longer hangs, and is killed. */
const LONGEST_MS = 15 * 60_000;

/** Runs `spendwatch` to its end as a shell would, with nothing of the environment but what is given. */
export async function spendwatch(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly stdin?: string },
): Promise<CommandResult> {
  const program = await programArgs();
  const begun = performance.now();
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: options.cwd,
    env: childEnvironment(options.env),
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return {
    code,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
    ms: performance.now() - begun,
  };
}

/**
 * What node is called with to be `spendwatch`. A process that lives for seconds never earns back what V8 spends on
 * optimising the embedded PostgreSQL.
 */
export async function programArgs(): Promise<string[]> {
  return ['--liftoff-only', await shared('program')];
}

/** What every process needs, the zone of the run, and what the test gives. */
export function childEnvironment(own: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH, TZ, HOME } = process.env;
  return { ...(PATH && { PATH }), ...(TZ && { TZ }), ...(HOME && { HOME }), ...own };
}
