// `spendwatch validate`: reads the file and prints every fault.

import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import { ConfigError, formatProblems } from '../config/problem.ts';
import { counted } from '../model/display-value.ts';

export interface ValidateIo {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** The environment for `${NAME}`; by default that of the process. */
  readonly env?: Environment;
}

/**
 * Prints a summary of the file, or every fault in it. Resolves to the exit code, and to the configuration if it is valid, so
 * that `--connect` can continue with it.
 */
export async function validate(
  path: string,
  io: ValidateIo,
  options: LoadOptions = { sends: false },
): Promise<{ readonly exitCode: 0 | 2; readonly config: Config | null }> {
  try {
    const config = await loadConfig(path, io.env, options);
    const warnings = [...config.warnings, ...config.missing];
    if (warnings.length > 0)
      for (const line of formatProblems(warnings, 'warning: ').split('\n')) io.err(line);
    if (config.advice.length > 0)
      for (const line of formatProblems(config.advice, 'advice: ').split('\n')) io.err(line);
    const { rules, channels, reports } = config;
    const parts = [counted(rules.length, 'rule'), counted(channels.size, 'channel')];
    if (reports.length > 0) parts.push(counted(reports.length, 'report'));
    io.out(`${path}: valid (${parts.join(', ')})`);
    return { exitCode: 0, config };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of formatProblems(error.problems).split('\n')) io.err(line);
    const many = counted(error.problems.length, 'fault');
    io.err(`${path}: not valid (${many})`);
    return { exitCode: 2, config: null };
  }
}
