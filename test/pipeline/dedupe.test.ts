import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { alertsQueuedBy, burn, MINUTE, openPollWorld, type PollWorld, steadyCalls } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

/** A store whose nth read and all later ones fail. */
function failingFrom(store: AuditStore, nth: number): AuditStore {
  let reads = 0;
  return {
    ...store,
    read: (...asked) => {
      reads += 1;
      return reads < nth
        ? store.read(...asked)
        : Promise.reject(new AppError('store_timeout', 'the statement took too long'));
    },
  };
}

describe('since when, for a breach that the ledger does not know', () => {
  let world: PollWorld;
  beforeAll(async () => {
    world = await openPollWorld();
    await world.calls.log(...steadyCalls(AT - 41 * MINUTE, AT, 100));
  });
  afterAll(() => world.stop());

  it('is looked up in the data, once: then the ledger has it', async () => {
    const [told] = alertsQueuedBy(await world.poll([burn()], AT));
    expect(told?.alerts[0]?.since).toBe('2026-11-20T13:25:00Z');
    await world.calls.sql.query('DELETE FROM api_audit_logs WHERE request_timestamp < $1', [
      new Date(AT - 10 * MINUTE),
    ]);
    await world.calls.log({ at: AT, cost: 5000 });
    const [grown] = alertsQueuedBy(await world.poll([burn()], AT + MINUTE));
    expect(grown?.alerts[0]?.since).toBe('2026-11-20T13:25:00Z');
  });

  it('is the evaluation time itself where the data cannot be read: an alert does not wait for that', async () => {
    await world.clear();
    await world.calls.log(...steadyCalls(AT - 41 * MINUTE, AT, 100));
    const report = await world.poll([burn()], AT, { store: failingFrom(world.calls.store, 2) });
    expect(report.error).toBeNull();
    expect(alertsQueuedBy(report)[0]?.alerts[0]).toMatchObject({
      since: '2026-11-20T14:05:00Z',
      finding: { value: 200 },
    });
  });
});
