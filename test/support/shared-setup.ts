import { execFile } from 'node:child_process';
import { access, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build as bundle } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { makeMemoryFolder } from './memory-folder.ts';
import { startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where `shared` asks, an HTTP address on this machine. */
    shared: string;
  }
}

interface Shared {
  /** Its URL or its path. */
  readonly place: string;
  remove(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '../..');

const PROCESSES = ['stores/sqlite/reader-process.js'];

/** What tests share, and how each is made. */
const MAKERS = {
  /** The URL of a PostgreSQL, in which each test makes its own database. */
  postgres: async () => {
    const { url, stop } = await startPostgres();
    return { place: url, remove: stop };
  },
  /** The path of the program. */
  program: () => inFolder(build),
  /** The path of an empty embedded database, which no process has open: a copy of it takes a fifth of the time of a new one. */
  pglite: () => inFolder(initialise),
} satisfies Record<string, () => Promise<Shared>>;

export type SharedName = keyof typeof MAKERS;

/**
 * Makes each thing once for the whole run, when the first test asks for it: runs of pure tests cost nothing. The tests'
 * processes ask over a loopback port, so that it is made only once however many ask.
 */
export async function setup(project: Pick<TestProject, 'provide'>): Promise<() => Promise<void>> {
  // The tests' processes inherit it: what they write is in memory where there is enough of it.
  const memory = await makeMemoryFolder();
  if (memory !== null) process.env.TMPDIR = memory;
  const made = new Map<string, Promise<Shared>>();
  const broker = createServer((request, response) => {
    const name = (request.url ?? '').slice(1) as SharedName;
    const thing = made.get(name) ?? MAKERS[name]();
    made.set(name, thing);
    thing.then(
      ({ place }) => response.end(place),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    broker.once('error', reject);
    broker.listen(0, '127.0.0.1', resolve);
  });
  project.provide('shared', `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`);
  return async () => {
    broker.close();
    broker.closeAllConnections();
    for (const thing of made.values()) await (await thing.catch(() => null))?.remove();
  };
}

async function inFolder(make: (folder: string) => Promise<string>): Promise<Shared> {
  const folder = await mkdtemp(join(tmpdir(), 'spendwatch-shared-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    return { place: await make(folder), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * The compiler's output, its three hundred modules put together into few: tests start the program hundreds of times, and
 * to load them one by one takes a quarter of that time. Packages stay as they are installed. The published form is what test/packaging/tarball.test.ts installs.
 */
async function build(folder: string): Promise<string> {
  const compiled = join(folder, 'compiled/cli.js');
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', dirname(compiled)];
  // What the types say is the type check's business; here it counts only whether there is a program.
  const { output } = await node(args);
  await access(compiled).catch(() => {
    throw new Error(`the program was not built:\n${output}`);
  });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await symlink(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await symlink(join(ROOT, 'drivers'), join(folder, 'drivers'));
  await bundle({
    // Sources that run as processes of their own are found beside what starts them.
    entryPoints: [compiled, ...PROCESSES.map((file) => join(dirname(compiled), file))],
    entryNames: '[name]',
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  await cp(join(ROOT, 'src/state/migrations'), join(folder, 'dist/migrations'), { recursive: true });
  return join(folder, 'dist/cli.js');
}

/** In a process of its own: it would hold up the answers to other tests for seconds. */
async function initialise(folder: string): Promise<string> {
  const data = join(folder, 'data');
  const script = `import { PGlite } from '@electric-sql/pglite';
    await (await PGlite.create(process.argv[1])).close();`;
  const { error, output } = await node(['--liftoff-only', '--input-type=module', '--eval', script, data]);
  if (error !== null) throw new Error(`no embedded database was made:\n${output}`);
  return data;
}

function node(args: readonly string[]): Promise<{ readonly error: Error | null; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ error, output: stdout + stderr }),
    );
  });
}
