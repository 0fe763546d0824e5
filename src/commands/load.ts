import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { problemLine } from '../config/problem.ts';
import type { Io } from './io.ts';

/** The configuration for a command that sends nothing: what channels lack is a warning on stderr. */
export async function loadWithoutChannels(path: string, io: Pick<Io, 'err' | 'env'>): Promise<Config> {
  const config = await loadConfig(path, io.env, { sends: false });
  for (const problem of config.missing) io.err(problemLine(problem, 'warning: '));
  return config;
}
