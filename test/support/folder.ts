import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one or more tests; its maker removes it. */
export async function makeFolder(files: Readonly<Record<string, string>>): Promise<{
  readonly path: string;
  write(name: string, text: string): Promise<void>;
  remove(): Promise<void>;
}> {
  const path = await mkdtemp(join(tmpdir(), 'spendwatch-e2e-'));
  const write = (name: string, text: string): Promise<void> => writeFile(join(path, name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  return { path, write, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * A time zone in which it is about noon now, so that no day ends while a test runs: at midnight what still fires is
 * rightly said again.
 */
export function zoneWithNoonNow(): string {
  const behind = new Date().getUTCHours() - 12;
  return behind === 0 ? 'UTC' : `Etc/GMT${behind > 0 ? '+' : ''}${behind}`;
}
