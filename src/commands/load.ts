// Loads the file for commands that send nothing.

import type { Config } from '../config/config.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import { problemLine } from '../config/problem.ts';
import type { Io } from './io.ts';

/** The configuration for a command that sends nothing: what channels lack is a warning on stderr. */
export async function loadWithoutChannels(
  path: string,
  io: Pick<Io, 'err' | 'env'>,
  option: LoadOptions['option'] = '--config',
): Promise<Config> {
  const config = await loadConfig(path, io.env, { sends: false, option });
  for (const problem of config.missing) io.err(problemLine(problem, 'warning: '));
  return config;
}
