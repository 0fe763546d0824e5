import { execFile } from 'node:child_process';
import { access, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

let building: Promise<{ readonly folder: string; readonly cli: string }> | null = null;

/** The program as it is installed, built once for each test file into a folder that is gone afterwards. */
export async function builtCli(): Promise<string> {
  building ??= build();
  return (await building).cli;
}

afterAll(async () => {
  const built = await building?.catch(() => null);
  if (built) await rm(built.folder, { recursive: true, force: true });
});

async function build(): Promise<{ folder: string; cli: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'spendwatch-built-'));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const cli = join(folder, 'dist/cli.js');
  const args = [compiler, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')];
  const said = await new Promise<string>((resolve) => {
    // What the types say is the type check's business; here it counts only whether there is a program.
    execFile(process.execPath, args, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  await access(cli).catch(() => {
    throw new Error(`the program was not built:\n${said}`);
  });
  await cp(join(ROOT, 'src/state/migrations'), join(folder, 'dist/state/migrations'), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await symlink(join(ROOT, 'package.json'), join(folder, 'package.json'));
  return { folder, cli };
}
