import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import type { App } from '../../src/app.ts';
import { openSql } from '../../src/sql/open.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { staleAfter } from '../../src/worker/stale-after.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-03-10T10:07:00Z');

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore('postgres');
});
beforeEach(() => calls.clear());
afterAll(() => calls.stop());

const troubles: string[] = [];
beforeEach(() => void troubles.splice(0));

function watched(setting: number | 'auto' | 'off', store: AuditStore = calls.store) {
  const app = { store, config: { audit: { staleAfter: setting } } } as unknown as App;
  return staleAfter(app, (what) => void troubles.push(what));
}

it('is twice the longest pause of four weeks, asked once an hour', async () => {
  await calls.log(...[0, 1, 2, 7, 8].map((hour) => ({ at: NOW - 9 * HOUR + hour * HOUR, cost: 1 })));
  await calls.log({ at: NOW - 40 * DAY, cost: 1 });
  const stale = watched('auto');
  expect(await stale.at(NOW)).toBe(10 * HOUR);
  await calls.clear();
  expect(await stale.at(NOW + HOUR / 2)).toBe(10 * HOUR);
  // Polls go on with what is known while it is asked.
  expect(await stale.at(NOW + HOUR)).toBe(10 * HOUR);
  await expect.poll(() => stale.at(NOW + HOUR + 1)).toBe(HOUR);
  expect(troubles).toEqual([]);
});

it('is not known where the store takes too long over it, which is told once a day', async () => {
  await calls.sql.query(`CREATE OR REPLACE FUNCTION slowly(moment timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT moment FROM pg_sleep(30) $$`);
  await calls.log({ at: NOW - HOUR, cost: 1 });
  const sql = await openSql(calls.url, { statementTimeoutMs: 300 });
  onTestFinished(() => sql.close());
  const columns = { time: { sql: 'slowly(request_timestamp)' } };
  const stale = watched('auto', postgres.open(sql, { table: 'api_audit_logs', columns }, null));
  expect(await stale.at(NOW)).toBeNull();
  expect(troubles).toEqual([expect.stringMatching(/audit\.stale_after .*statement timeout.* index/)]);
  expect(await stale.at(NOW + 23 * HOUR)).toBeNull();
  expect(troubles).toHaveLength(1);
  await stale.at(NOW + 24 * HOUR);
  await expect.poll(() => troubles.length, { timeout: 30_000 }).toBe(2);
});

it('is what the file says where it says so', async () => {
  expect(await watched(5 * HOUR).at(NOW)).toBe(5 * HOUR);
  expect(await watched('off').at(NOW)).toBeNull();
});
