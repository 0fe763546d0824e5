import { describe, expect, it } from 'vitest';
import { groupId } from '../../src/model/fingerprint.ts';
import type { Sql } from '../../src/sql/port.ts';
import { openState } from '../../src/state/open.ts';
import type { IncidentPlan } from '../../src/state/record.ts';
import { stateDatabase } from './engines.ts';
import { AT, MINUTE, notification, recording } from './samples.ts';

const database = stateDatabase('postgres');

/** Alerts about services, of which nothing is told. */
const plan: IncidentPlan = {
  file: { id: 'f', fingerprints: ['a', 'b'] },
  endOf: ({ groupId }) => ({ groupId, how: 'ended', at: AT, ended: '{}' }),
  toldOf: (_, { group }) => ({ subject: { dimension: 'service', value: group[0] ?? null }, told: '{}' }),
  compose: () => ({ deliveries: [], endsTold: [] }),
};
const firing = (services: readonly string[], at: number) =>
  services.map((service) =>
    notification({ key: [service], at, since: at, period: `episode/${new Date(at).toISOString()}` }),
  );
const over = (services: readonly string[], at: number) =>
  services.map((service) => ({ groupId: groupId([service]), how: 'resolved' as const, at, ended: '{}' }));

describe('processes that record incidents of the same subjects', () => {
  it('do not get in each other’s way, in whatever order their alerts begin and end', async () => {
    const faults: unknown[] = [];
    const watched: Sql = {
      ...database.sql,
      transaction: (options, work) =>
        database.sql.transaction(options, work).catch((error: unknown) => {
          faults.push(error);
          throw error;
        }),
    };
    const state = await openState(watched);
    const some = (letter: string) => Array.from({ length: 40 }, (_, i) => `${letter}${i}`);
    const [these, those] = [some('x'), some('y')];
    const record = (fingerprint: string, begins: readonly string[], ends: readonly string[], at: number) =>
      state.record(
        [
          recording(firing(begins, at), {
            fingerprint,
            closings: over(ends, at),
            batches: [{ notifications: firing(begins, at) }],
          }),
        ],
        at,
        { incidents: plan },
      );
    await record('a', those, [], AT);
    await record('b', these, [], AT);
    for (let round = 1; round <= 6; round += 1) {
      const at = AT + round * MINUTE;
      const [begun, ended] = round % 2 === 0 ? [those, these] : [these, those];
      await Promise.all([record('a', begun, ended, at), record('b', ended, begun, at)]);
      const open = await database.sql.query<{ subject: string }>(
        'SELECT subject FROM spendwatch.incident WHERE closed_at IS NULL',
      );
      expect([faults, open.length]).toEqual([[], 80]);
    }
  });
});
