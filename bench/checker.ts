import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url));
/** The exit code of a check that came to no result. */
const UNKNOWN = 3;
const MOST_OUTPUT = 256 * 2 ** 20;

/** Whether `check` can be told to leave kept sums alone; before it could, it never used any. */
export async function canCheckDirectly(): Promise<boolean> {
  return (await spendwatch(['check', '--help'])).stdout.includes('--direct');
}

/** `spendwatch check` as its user runs it, from the start of the process to its end. Throws where it came to no result. */
export async function runCheck(config: string, at: number, flags: readonly string[]): Promise<void> {
  const instant = new Date(at).toISOString();
  const { code, stderr } = await spendwatch([
    'check',
    '--config',
    config,
    '--at',
    instant,
    '--format',
    'json',
    ...flags,
  ]);
  if (code === UNKNOWN) throw new Error(`check failed: ${stderr}`);
}

function spendwatch(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { maxBuffer: MOST_OUTPUT }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : UNKNOWN;
      resolve({ code, stdout, stderr });
    });
  });
}
