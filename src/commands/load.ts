// Loads the file for a command that sends nothing.

import type { Config } from '../config/config.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import { problemLine } from '../config/problem.ts';
import type { Io } from './io.ts';

/** A channel or heartbeat that lacks a secret is a warning on stderr, because the command does not open it. */
export async function loadWithoutChannels(
  path: string,
  io: Pick<Io, 'err' | 'env'>,
  option: LoadOptions['option'] = '--config',
): Promise<Config> {
  const config = await loadConfig(path, io.env, { sends: false, option });
  for (const problem of config.missing) io.err(problemLine(problem, 'warning: '));
  return config;
}
