// A worker's heap, collected before it grows far.

import { setFlagsFromString } from 'node:v8';

/** V8 decides by how busy a program is, on a machine with much memory up to 300. */
const GROWING_PERCENT = 25;

/**
 * Lets the heap grow by a quarter of what lives on it before it is collected again. For a worker, which rests between
 * polls and has the time: without this it holds a hundred megabytes that nothing needs. To be called once, at the start.
 */
export function growHeapSlowly(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
