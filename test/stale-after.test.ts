import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { App } from '../src/app.ts';
import { staleAfter } from '../src/stale-after.ts';
import { type CallStore, openCallStore } from './support/call-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-03-10T10:07:00Z');

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore('postgres');
});
beforeEach(() => calls.clear());
afterAll(() => calls.stop());

function watched(setting: number | 'auto' | 'off') {
  return staleAfter({ store: calls.store, config: { audit: { staleAfter: setting } } } as unknown as App);
}

it('is twice the longest pause of four weeks, asked once an hour', async () => {
  await calls.log(...[0, 1, 2, 7, 8].map((hour) => ({ at: NOW - 9 * HOUR + hour * HOUR, cost: 1 })));
  await calls.log({ at: NOW - 40 * DAY, cost: 1 });
  const stale = watched('auto');
  expect(await stale.at(NOW)).toBe(10 * HOUR);
  await calls.clear();
  expect(await stale.at(NOW + HOUR / 2)).toBe(10 * HOUR);
  expect(await stale.at(NOW + HOUR)).toBe(HOUR);
});

it('is what the file says where it says so', async () => {
  expect(await watched(5 * HOUR).at(NOW)).toBe(5 * HOUR);
  expect(await watched('off').at(NOW)).toBeNull();
});
