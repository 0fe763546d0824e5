// Warnings about a file that is valid, but most likely not meant.

import type { Config } from '../config/config.ts';
import { unsetNote } from '../config/place.ts';
import { placeholdersOf } from '../config/placeholders.ts';
import { problemLine } from '../config/problem.ts';
import type { Log } from './log.ts';

/** Warns of a variable that is not set and of placeholders, because of which nothing is seen or nobody is told. */
export function warnOfExamples(config: Config, log: Log): void {
  const note = unsetNote(config);
  if (note !== null) log.warn(note);
  for (const { channel, message, hint } of placeholdersOf(config)) log.warn({ channel, hint }, message);
}

export function warnOfFile({ warnings }: Config, log: Log): void {
  for (const problem of warnings) log.warn({ hint: problem.hint }, problemLine(problem));
}
