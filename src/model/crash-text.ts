// The text of an uncaught error.

import { AppError, kindOf } from './errors.ts';

/**
 * Describes an uncaught error in one line: its kind and where it arose. Node would print its message, its stack and all of
 * its properties, and drivers store there what they were given: URLs with passwords, headers with tokens. Only the messages
 * of this program's own errors are known to hold no secret.
 */
export function crashText(fault: unknown): string {
  return fault instanceof AppError ? fault.message : `a fault of the program ended it: ${kindOf(fault)}`;
}
