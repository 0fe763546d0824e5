import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment } from '../support/command.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What `npm pack` needs of the source. */
const SOURCE = [
  ...['src', 'systemd', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
  ...[
    'drivers/package.json',
    'drivers/package-lock.json',
    'README.md',
    'LICENSE',
    'alerts.yaml',
    'prices.yaml',
    'alerts.schema.json',
  ],
];

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

let folder = '';
let packed: Packed;
/** Where somebody installed the tarball. */
let elsewhere = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spendwatch-packed-'));
  const source = join(folder, 'source');
  for (const name of SOURCE) await cp(join(ROOT, name), join(source, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], source);
  // What the build prints comes before it.
  packed = (JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as Packed[])[0] as Packed;
  elsewhere = join(folder, 'elsewhere');
  await installed(join(folder, packed.filename));
}, 600_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** As `npm install` would, but from what is on this machine: the package, and of its dependencies only those that run. */
async function installed(tarball: string): Promise<void> {
  const modules = join(elsewhere, 'node_modules');
  const own = join(modules, 'spendwatch');
  await mkdir(own, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', own, '--strip-components=1'], folder);
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  for (const [path, { dev, devOptional, optional }] of Object.entries(lock.packages)) {
    // Nested ones come with the package that they lie in.
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || dev || devOptional || optional) continue;
    const to = join(elsewhere, path);
    await mkdir(dirname(to), { recursive: true });
    await symlink(join(ROOT, path), to);
  }
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const child = execFile(command, args, { cwd, env: childEnvironment(), maxBuffer: 64 * 1024 * 1024 });
  const stdout: string[] = [];
  const stderr: string[] = [];
  child.stdout?.on('data', (text: string) => stdout.push(text));
  child.stderr?.on('data', (text: string) => stderr.push(text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** Runs the installed program as npx does: the file itself, which must be executable. */
const spendwatch = (...args: string[]): Promise<Ended> =>
  run(join(elsewhere, 'node_modules/spendwatch/dist/cli.js'), args, elsewhere);

describe('the packed tarball', () => {
  it('holds the program, its example and its schema, and neither source maps nor tests nor sources', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['dist/cli.js', 'dist/state/migrations/0001_said_and_outbox.sql', 'LICENSE']),
    );
    expect(paths.filter((path) => path.startsWith('drivers/'))).toEqual([
      'drivers/package-lock.json',
      'drivers/package.json',
    ]);
    expect(paths.filter((path) => /\.map$|(^|\/)(test|bench|src)\/|\.ts$/.test(path))).toEqual([]);
  });

  it('says where the program lives and where to report a fault', async () => {
    const { repository, homepage, bugs } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect([repository.url, homepage, bugs].every((url) => /^(git\+)?https:\/\//.test(url))).toBe(true);
  });

  it('has an executable command after every build', async () => {
    expect((await stat(join(folder, 'source/dist/cli.js'))).mode & 0o111).toBe(0o111);
    expect((packed.files.find(({ path }) => path === 'dist/cli.js')?.mode ?? 0) & 0o111).toBe(0o111);
  });

  it('runs elsewhere, with its own dependencies and no other: version, init, validate, demo', async () => {
    expect((await spendwatch('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await spendwatch('init')).toMatchObject({ code: 0, stderr: '' });
    expect((await spendwatch('validate')).code).toBe(0);
    const demo = await spendwatch('demo', '--once');
    expect(demo.code, demo.stderr).toBe(0);
    expect(demo.stdout).toContain('hourly-burn');
  });
});
