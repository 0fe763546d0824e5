import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll } from 'vitest';
import { childEnvironment, programArgs } from './command.ts';
import { metricOf, samplesOf } from './exposition.ts';
import { until } from './until.ts';

/** `spendwatch run` as a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  /** Everything it has written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Its log lines, each of which must be a JSON object. */
  log(): Readonly<Record<string, unknown>>[];
  get(
    path: string,
    method?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }>;
  /** The sum of the metric's samples that have these labels; null when there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | null>;
  /** Resolves when /readyz says that it is ready; on a slow machine polls may be late for a while. */
  ready(): Promise<void>;
  /** Resolves when so many more polls with this result have ended. */
  polls(more: number, result?: 'ok' | 'failed'): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended by itself or otherwise, to the exit code (null for a signal). */
  readonly ended: Promise<number | null>;
  /** Asks it to stop, or kills it; resolves to the exit code (null for a kill) and how long that took. */
  stop(
    name?: 'SIGTERM' | 'SIGINT' | 'SIGKILL',
  ): Promise<{ readonly code: number | null; readonly ms: number }>;
}

const living = new Set<ChildProcess>();

/** No worker outlives its test file, however that ends. */
const killLiving = (): void => {
  for (const child of living) child.kill('SIGKILL');
};
process.once('exit', killLiving);
afterAll(killLiving);

/**
 * Starts the worker in a folder with an alerts.yaml, and resolves when it serves HTTP. The file must say
 * `http: { listen: 127.0.0.1:0 }`: the system chooses the port, and the log tells it. `through` is a program with its
 * arguments that becomes the worker (`unshare …`).
 */
export async function startWorkerProcess(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
): Promise<WorkerProcess> {
  const worker = [process.execPath, ...(await programArgs()), 'run'];
  const [program = process.execPath, ...args] = [...through, ...worker];
  const child = spawn(program, args, {
    cwd: folder,
    env: childEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  living.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      living.delete(child);
      resolve(code);
    });
  });
  const log = (): Record<string, unknown>[] =>
    output.stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  const served = await until('the worker serves HTTP', () => {
    if (child.exitCode !== null) return { address: null };
    const address = log().find((line) => typeof line.address === 'string')?.address;
    return address === undefined ? null : { address };
  });
  if (served.address === null) throw new Error(`the worker ended: ${output.stderr}`);
  const { address } = served;
  const get: WorkerProcess['get'] = async (path, method = 'GET', headers = {}) => {
    const response = await fetch(`http://${address}${path}`, { method, headers });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const metric: WorkerProcess['metric'] = async (name, labels = {}) =>
    metricOf(samplesOf((await get('/metrics')).text), name, labels);
  return {
    pid: child.pid as number,
    ended,
    output,
    log,
    get,
    metric,
    async ready() {
      await until('it is ready', async () => (await get('/readyz')).status === 200);
    },
    async polls(more, result = 'ok') {
      const count = async (): Promise<number> => (await metric('spendwatch_polls_total', { result })) ?? 0;
      const wanted = (await count()) + more;
      await until(`there are ${wanted} polls ${result}`, async () => (await count()) >= wanted);
    },
    signal: (name) => void child.kill(name),
    async stop(name = 'SIGTERM') {
      const begun = performance.now();
      child.kill(name);
      const code = await ended;
      return { code, ms: performance.now() - begun };
    },
  };
}
