// Keeps the heap of a worker small.

import { setFlagsFromString } from 'node:v8';

/** By default V8 decides by how busy a program is. On a machine with much memory that may be 300. */
const GROWING_PERCENT = 25;

/**
 * Lets the heap grow by a quarter before it is collected again, and keeps the space for new objects as small as it begins. A
 * worker rests between polls and has the time to collect more often; otherwise it holds a hundred megabytes of garbage. To be
 * called once, at the start.
 */
export function growHeapSlowly(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
  setFlagsFromString('--semi-space-growth-factor=1');
}
