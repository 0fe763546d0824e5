import { describe, expect, test } from 'vitest';
import { type Episode, openEpisode } from '../../src/model/notification.ts';
import {
  type Condition,
  conditionAfter,
  type FailedRun,
  NO_FAILURES,
  outageNotice,
  staleAfterAuto,
} from '../../src/pipeline/outage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT = Date.UTC(2026, 10, 20, 2, 5);
const policy = { outageAfter: 3, staleAfterMs: HOUR };

/** The conditions after polls a minute apart, each failed (its reason) or good (null). */
function conditions(failures: readonly (string | null)[], newestRow: number | null = AT): Condition[] {
  let run: FailedRun = NO_FAILURES;
  return failures.map((failure, i) => {
    const after = conditionAfter(run, { at: AT + i * MINUTE, failure, newestRow }, policy);
    run = after.run;
    return after.condition;
  });
}

describe('an outage begins', () => {
  test('after three failed polls in a row, since the first of them', () => {
    expect(conditions(['away', 'away', 'still away', 'away', null])).toEqual([
      { kind: 'unsure' },
      { kind: 'unsure' },
      { kind: 'outage', reason: 'still away', since: AT },
      { kind: 'outage', reason: 'away', since: AT },
      { kind: 'ok' },
    ]);
  });

  test('but not after three with a good one between', () => {
    const kinds = conditions(['away', 'away', null, 'away', 'away']).map(({ kind }) => kind);
    expect(kinds).toEqual(['unsure', 'unsure', 'ok', 'unsure', 'unsure']);
  });

  test('when the newest row is older than allowed, and not when it is just as old', () => {
    const [atLimit] = conditions([null], AT - HOUR);
    const [beyond] = conditions([null], AT - HOUR - 1);
    expect(atLimit).toEqual({ kind: 'ok' });
    expect(beyond).toMatchObject({ kind: 'outage', since: AT - HOUR - 1 });
  });

  test('but not for a store without rows, or where staleness is off', () => {
    expect(conditions([null], null)).toEqual([{ kind: 'ok' }]);
    const off = { ...policy, staleAfterMs: null };
    expect(conditionAfter(NO_FAILURES, { at: AT, failure: null, newestRow: 0 }, off).condition).toEqual({
      kind: 'ok',
    });
  });
});

describe('what is notified of an outage', () => {
  const outage: Condition = { kind: 'outage', reason: 'away', since: AT - HOUR };
  const notified: Episode = openEpisode('spendwatch', 3, AT - HOUR);

  test('an outage is a new notification each day', () => {
    const first = outageNotice(outage, null, AT, 'UTC');
    const later = outageNotice(outage, notified, AT + HOUR, 'UTC');
    const nextDay = outageNotice(outage, notified, AT + 24 * HOUR, 'UTC');
    expect(first).toMatchObject({
      kind: 'health.blind',
      notification: { period: 'day/2026-11-20T00:00:00Z' },
    });
    expect(later?.notification.period).toBe(first?.notification.period);
    expect(nextDay?.notification.period).toBe('day/2026-11-21T00:00:00Z');
    expect(nextDay?.episode).toEqual(notified);
  });

  test('its end is notified once, if the outage was', () => {
    const ended = outageNotice({ kind: 'ok' }, notified, AT, 'UTC');
    expect(ended).toMatchObject({
      kind: 'health.sees',
      notification: { period: 'episode/2026-11-20T01:05:00Z', since: AT - HOUR },
      episode: notified,
    });
    expect(outageNotice({ kind: 'ok' }, null, AT, 'UTC')).toBeNull();
  });

  test('nothing is notified while it is not certain', () => {
    expect(outageNotice({ kind: 'unsure' }, notified, AT, 'UTC')).toBeNull();
  });
});

describe('stale_after: auto', () => {
  test.each([
    ['a store without rows', [], HOUR],
    ['a single row', [AT], HOUR],
    ['rows every five minutes', [0, 5, 10, 15].map((m) => AT + m * MINUTE), HOUR],
    ['a gap of 40 minutes', [0, 40, 50].map((m) => AT + m * MINUTE), 2 * HOUR],
    ['nights of nine hours', [0, 1, 10, 11, 20].map((h) => AT + h * HOUR), 18 * HOUR],
  ])('of %s', (_, occupied, expected) => {
    expect(staleAfterAuto(occupied)).toBe(expected);
  });
});
