import { AppError } from './model/errors.ts';

/**
 * What is said of a fault that nobody caught: of what kind it is and where it arose, in one line. Node would print
 * its words, its stack and all that hangs on it, and drivers hang on it what they were given: URLs with passwords,
 * headers with tokens. Only our own faults are known to have words without secrets.
 */
export function crashText(fault: unknown): string {
  if (fault instanceof AppError) return fault.message;
  const kind = fault instanceof Error ? [fault.name, codeOf(fault)].filter(isWord).join(' ') : typeof fault;
  const place = fault instanceof Error ? placeOf(fault) : null;
  return `a fault of the program ended it: ${kind}${place === null ? '' : ` at ${place}`}`;
}

function codeOf(fault: Error): unknown {
  return 'code' in fault ? fault.code : undefined;
}

function isWord(text: unknown): boolean {
  return typeof text === 'string' && /^\w{1,60}$/.test(text);
}

/** The file and line of the first frame; the lines before the frames are the error's words. */
function placeOf({ stack = '', message }: Error): string | null {
  const words = stack.indexOf(message);
  if (words === -1) return null;
  const frames = stack.slice(words + message.length);
  return /^ +at .*?([\w.-]+\.[cm]?[jt]s:\d+:\d+)\)?$/m.exec(frames)?.[1] ?? null;
}
