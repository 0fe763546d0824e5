import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/model/errors.ts';
import { openStateReads } from '../../../src/worker/api/state-reads.ts';

/** A question whose answer comes when the test gives it. */
function question() {
  let resolve: (answer: string) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<string>((answer, fail) => {
    resolve = answer;
    reject = fail;
  });
  let asked = 0;
  const read = () => {
    asked += 1;
    return promise;
  };
  return { read, resolve, reject, asked: () => asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('reads of the state for the API', () => {
  it('are made one at a time, so that a poll waits for one at most', async () => {
    const reads = openStateReads(() => 0);
    const [a, b] = [question(), question()];
    const answers = Promise.all([reads.read('a', a.read), reads.read('b', b.read)]);
    await settled();
    expect([a.asked(), b.asked()]).toEqual([1, 0]);
    a.resolve('A');
    await settled();
    expect(b.asked()).toBe(1);
    b.resolve('B');
    expect(await answers).toEqual(['A', 'B']);
  });

  it('go on after one that failed, which is not kept', async () => {
    const reads = openStateReads(() => 0);
    const a = question();
    const first = reads.read('a', a.read);
    a.reject(new AppError('store_unreachable', 'connection refused'));
    await expect(first).rejects.toMatchObject({
      status: 503,
      message: 'the state store cannot be used: connection refused',
      headers: { 'retry-after': '5' },
    });
    expect(await reads.read('a', async () => 'again')).toBe('again');
  });

  it('answer the same question once a second, however often it is asked', async () => {
    let now = 0;
    let asked = 0;
    const reads = openStateReads(() => now);
    const ask = () => reads.read('a', async () => `answer ${++asked}`);
    expect(await Promise.all(Array.from({ length: 100 }, ask))).toContain('answer 1');
    now = 1_000;
    expect(await ask()).toBe('answer 1');
    now = 1_001;
    expect(await ask()).toBe('answer 2');
  });

  it('refuse what would wait behind too many others', async () => {
    const reads = openStateReads(() => 0);
    const slow = question();
    const waiting = Array.from({ length: 20 }, (_, i) => reads.read(String(i), slow.read));
    await expect(reads.read('one more', slow.read)).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('too many requests wait'),
    });
    slow.resolve('done');
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['done']));
    expect(await reads.read('one more', slow.read)).toBe('done');
  });
});
