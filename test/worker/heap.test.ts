import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { growHeapSlowly } from '../../src/worker/heap.ts';

test('this version of Node.js knows how to let a heap grow slowly', () => {
  // It takes a flag that it does not know without an error, and the heap would grow as before.
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain(
    '--heap-growing-percent',
  );
  expect(growHeapSlowly).not.toThrow();
});
