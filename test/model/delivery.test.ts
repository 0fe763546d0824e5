import { describe, expect, test } from 'vitest';
import {
  afterFailure,
  DELIVERY_STATES,
  deliveryId,
  OPEN_STATES,
  reportTargets,
  statesBefore,
} from '../../src/model/delivery.ts';
import type { FailureKind } from '../../src/model/errors.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const T0 = Date.UTC(2026, 10, 20, 2, 5);
const MIDDLE = 0.5;

const start = { backoffStep: 0, createdAt: T0, firstTriedAt: T0, reportedAt: null, isReport: false };
const passing = { kind: 'passing' as const, retryAfterMs: null };

describe('the backoff between attempts', () => {
  test.each([
    ['passing', 0, 5 * SECOND],
    ['passing', 1, 30 * SECOND],
    ['passing', 2, 2 * MINUTE],
    ['passing', 3, 10 * MINUTE],
    ['passing', 4, 30 * MINUTE],
    ['passing', 5, HOUR],
    ['passing', 6, HOUR],
    ['passing', 23, HOUR],
    ['person', 0, 10 * MINUTE],
    ['person', 2, 10 * MINUTE],
    ['person', 4, 30 * MINUTE],
    ['person', 5, HOUR],
  ] as const)('after a %s failure at step %i the next attempt is %i ms away', (kind, backoffStep, wait) => {
    const after = afterFailure({ ...start, backoffStep }, { kind, retryAfterMs: null }, T0, MIDDLE);
    expect(after.nextAt - T0).toBe(wait);
    expect(after.backoffStep).toBe(kind === 'person' ? Math.max(backoffStep, 3) + 1 : backoffStep + 1);
  });

  test('jitter spreads a wait by at most a tenth to either side', () => {
    expect(afterFailure(start, passing, T0, 0).nextAt - T0).toBe(4_500);
    expect(afterFailure(start, passing, T0, 0.999999).nextAt - T0).toBe(5_500);
  });

  test('Retry-After lengthens a wait and never shortens it', () => {
    expect(afterFailure(start, { ...passing, retryAfterMs: 90_000 }, T0, MIDDLE).nextAt - T0).toBe(90_000);
    expect(afterFailure(start, { ...passing, retryAfterMs: 1_000 }, T0, MIDDLE).nextAt - T0).toBe(5_000);
  });

  test('the last attempt falls on the end of the day, and its failure is the end', () => {
    const late = T0 + 23.5 * HOUR;
    const beforeLast = afterFailure({ ...start, backoffStep: 9 }, passing, late, MIDDLE);
    expect(beforeLast.nextAt).toBe(T0 + 24 * HOUR);
    expect(afterFailure({ ...start, backoffStep: 9 }, passing, T0 + 24 * HOUR, MIDDLE).state).toBe(
      'given_up',
    );
  });

  test('the day begins with the first attempt, not with the queueing', () => {
    const queuedLongAgo = { ...start, createdAt: T0 - 48 * HOUR };
    expect(afterFailure(queuedLongAgo, passing, T0, MIDDLE).state).not.toBe('given_up');
  });

  test('a delivery that always fails is tried about thirty times in a day', () => {
    let [now, backoffStep, attempts] = [T0, 0, 0];
    for (;;) {
      attempts += 1;
      const after = afterFailure({ ...start, backoffStep, reportedAt: T0 }, passing, now, MIDDLE);
      if (after.state === 'given_up') break;
      [now, backoffStep] = [after.nextAt, after.backoffStep];
    }
    expect(attempts).toBe(30);
    expect(now).toBe(T0 + 24 * HOUR);
  });
});

describe('reports to other channels', () => {
  test.each([
    ['person', 0, 'reported', true],
    ['final', 0, 'given_up', true],
    ['passing', 14 * MINUTE, 'queued', false],
    ['passing', 15 * MINUTE, 'reported', true],
  ] as const)('a %s failure %i ms after queueing makes it %s', (kind: FailureKind, age, state, report) => {
    const after = afterFailure(start, { kind, retryAfterMs: null }, T0 + age, MIDDLE);
    expect(after).toMatchObject({ state, report });
  });

  test.each(['passing', 'person', 'final'] as const)(
    'happen once: not after a second, %s failure',
    (kind) => {
      const reported = { ...start, reportedAt: T0 + MINUTE };
      const after = afterFailure(reported, { kind, retryAfterMs: null }, T0 + HOUR, MIDDLE);
      expect(after.report).toBe(false);
      expect(after.state).toBe(kind === 'final' ? 'given_up' : 'reported');
    },
  );

  test.each(['passing', 'person', 'final'] as const)('are never made about a report, %s', (kind) => {
    const report = { ...start, isReport: true };
    expect(afterFailure(report, { kind, retryAfterMs: null }, T0 + HOUR, MIDDLE).report).toBe(false);
  });

  const all = ['mail', 'chat', 'hook', 'ops'];
  test.each([
    ['the other channels of the rule', ['chat', 'mail'], ['ops'], ['chat']],
    ['the health channels where the rule has no other', ['mail'], ['ops', 'mail'], ['ops']],
    ['every other channel where health has no other', [], ['mail'], ['chat', 'hook', 'ops']],
    ['channels that still exist', ['gone'], ['gone', 'hook'], ['hook']],
  ])('go to %s', (_, others, health, targets) => {
    expect(reportTargets({ channel: 'mail', others }, health, all)).toEqual(targets);
  });

  test('go nowhere where there is one channel alone', () => {
    expect(reportTargets({ channel: 'mail', others: [] }, ['mail'], ['mail'])).toEqual([]);
  });
});

describe('the states of a delivery', () => {
  test('nothing leaves delivered or given_up', () => {
    for (const to of DELIVERY_STATES) {
      expect(statesBefore(to)).not.toContain('delivered');
      expect(statesBefore(to)).not.toContain('given_up');
    }
  });

  test('a reported delivery stays reported', () => {
    expect(statesBefore('queued')).toEqual(['queued']);
    expect(OPEN_STATES).toEqual(['queued', 'reported']);
  });

  test('every failure leads to an allowed state', () => {
    for (const kind of ['passing', 'person', 'final'] as const) {
      for (const reportedAt of [null, T0]) {
        const from = reportedAt === null ? 'queued' : 'reported';
        const { state } = afterFailure({ ...start, reportedAt }, { kind, retryAfterMs: null }, T0, MIDDLE);
        expect(statesBefore(state)).toContain(from);
      }
    }
  });
});

describe('a delivery’s id', () => {
  test('is the same for the same content and channel, and another for any other', () => {
    const id = deliveryId('mail', ['alert_1', 5]);
    expect(deliveryId('mail', ['alert_1', 5])).toBe(id);
    expect(id).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(deliveryId('chat', ['alert_1', 5])).not.toBe(id);
    expect(deliveryId('mail', ['alert_1', 6])).not.toBe(id);
  });
});
