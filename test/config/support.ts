import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError, type Problem } from '../../src/config/problem.ts';

/** A folder of its own for the test that runs, with these files in it; gone when the test ends. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spendwatch-config-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Loads a text as alerts.yaml, with other files beside it. */
export async function load(
  text: string,
  options: { readonly env?: Environment; readonly files?: Readonly<Record<string, string>> } = {},
): Promise<Config> {
  const folder = await folderWith({ ...options.files, 'alerts.yaml': text });
  return loadConfig(join(folder, 'alerts.yaml'), options.env ?? {});
}

/** The faults of a text that must not load. */
export async function faultsOf(
  text: string,
  env: Environment = {},
  files: Readonly<Record<string, string>> = {},
): Promise<readonly Problem[]> {
  try {
    await load(text, { env, files });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('expected faults, but the text is valid');
}

/** A valid file of few lines; `more` is added at its end. */
export function minimal(more = ''): string {
  return `version: 1
audit: { url: "pglite:./data" }
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 100.10 }
${more}`;
}
