// The text of a fault that nobody caught.

import { AppError, kindOf } from './errors.ts';

/**
 * What is said of a fault that nobody caught: of what kind it is and where it arose, in one line. Node would print
 * its words, its stack and all that hangs on it, and drivers hang on it what they were given: URLs with passwords,
 * headers with tokens. Only our own faults are known to have words without secrets.
 */
export function crashText(fault: unknown): string {
  return fault instanceof AppError ? fault.message : `a fault of the program ended it: ${kindOf(fault)}`;
}
