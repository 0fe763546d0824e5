import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Firing, ReachedStep } from '../../src/model/finding.ts';
import { groupId } from '../../src/model/fingerprint.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import { type Episode, type Notified, openEpisode } from '../../src/model/notification.ts';
import { NOTHING_OBSERVED } from '../../src/model/observed.ts';
import { firesBelow, type Rule, stepOf } from '../../src/model/rule.ts';
import type { GroupKey } from '../../src/model/series.ts';
import { type AlertNotification, type Decision, decide, type Situation } from '../../src/pipeline/decide.ts';
import type { Evaluation } from '../../src/pipeline/evaluate.ts';
import { unknownBeginnings } from '../../src/pipeline/unknown-beginnings.ts';
import { silenced } from '../support/silenced.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const MIDNIGHT = Date.UTC(2026, 10, 20);
const AT = MIDNIGHT + 125 * MINUTE;
const A: GroupKey = ['search'];

const rule: Rule = {
  name: 'hourly-burn',
  type: 'threshold',
  enabled: true,
  severity: 'warning',
  metric: 'spend',
  errors: null,
  window: { kind: 'rolling', ms: 60 * MINUTE, text: '1h' },
  groupBy: ['service'],
  where: {},
  notify: { info: [], warning: [], critical: [] },
  message: null,
  owner: null,
  runbook: null,
  links: {},
  labels: {},
  forMs: 0,
  delayMs: 0,
  resolveAfterMs: 0,
  dedupe: 'day',
  growth: 10,
  minCalls: 0,
};

/** A group with a value; it warns from 50 and is critical from 100. */
function firing(key: GroupKey, value: number, operator: ReachedStep['operator'] = '>='): Firing | null {
  const reached: ReachedStep[] = [];
  if (value >= 50) reached.push({ severity: 'warning', bound: fixedFromNumber(50), operator });
  if (value >= 100) reached.push({ severity: 'critical', bound: fixedFromNumber(100), operator });
  const [first, ...more] = reached;
  if (first === undefined) return null;
  return {
    key,
    value: { fixed: fixedFromNumber(value), number: value, calls: 1 },
    window: { from: 0, to: 1 },
    badness: fixedFromNumber(firesBelow(operator) ? -value : value),
    steps: [first, ...more],
  };
}

function evaluation(at: number, ...found: (Firing | null)[]): Evaluation {
  const fires = found.filter((one) => one !== null);
  return {
    at,
    judgement: { status: fires.length > 0 ? 'firing' : 'ok', observed: NOTHING_OBSERVED, firing: fires },
    pending: [],
  };
}

/** The ledger as the database keeps it: what is proposed is said only where it is a first, a higher step or grown. */
class Ledger {
  readonly notified = new Map<string, Notified>();
  readonly episodes = new Map<string, Episode>();
  readonly sent: AlertNotification[] = [];

  readonly #situation: Partial<Situation>;

  constructor(situation: Partial<Situation> = {}) {
    this.#situation = situation;
  }

  poll(...evaluations: Evaluation[]): Decision {
    const decision = decide({
      rule,
      fingerprint: 'f',
      zone: 'UTC',
      times: evaluations.map(({ at }) => ({ at, earlier: [] })),
      evaluations,
      notified: [...this.notified.values()],
      episodes: [...this.episodes.values()],
      knownTo: null,
      computed: [],
      silences: [],
      newestRow: Number.POSITIVE_INFINITY,
      ...this.#situation,
    });
    for (const notification of decision.notifications.flat()) {
      const name = `${notification.groupId}/${notification.period}`;
      const known = this.notified.get(name);
      const step = Math.max(known?.step ?? 0, notification.step);
      this.notified.set(name, {
        groupId: notification.groupId,
        period: notification.period,
        step,
        value: notification.value,
        at: notification.at,
        isResolved: false,
      });
      this.sent.push(notification);
    }
    for (const { groupId: id, step } of decision.episodes.ended) this.episodes.delete(`${id}/${step}`);
    for (const begun of decision.episodes.begun) this.episodes.set(`${begun.groupId}/${begun.step}`, begun);
    return decision;
  }
}

function reasons({ verdicts }: Decision): string[] {
  return verdicts.map(({ reason }) => reason);
}

describe('what is notified', () => {
  test('a finding is new once, and a duplicate for the rest of the day', () => {
    const ledger = new Ledger();
    expect(reasons(ledger.poll(evaluation(AT, firing(A, 60))))).toEqual(['new']);
    expect(reasons(ledger.poll(evaluation(AT + MINUTE, firing(A, 61))))).toEqual(['duplicate']);
    expect(reasons(ledger.poll(evaluation(AT + 2 * MINUTE)))).toEqual([]);
    expect(reasons(ledger.poll(evaluation(AT + 3 * MINUTE, firing(A, 62))))).toEqual(['duplicate']);
    expect(ledger.sent).toHaveLength(1);
  });

  test('a higher severity is notified, the lower one after it is not', () => {
    const ledger = new Ledger();
    const all = [60, 120, 60, 130].map((value, i) =>
      reasons(ledger.poll(evaluation(AT + i * MINUTE, firing(A, value)))),
    );
    expect(all).toEqual([['new'], ['escalated'], ['duplicate'], ['duplicate']]);
    expect(ledger.sent.map(({ since }) => since)).toEqual([AT, AT + MINUTE]);
  });

  test('$101 does not suppress $47,000: ten times the last notified value is notified, to the cent', () => {
    const ledger = new Ledger();
    const all = [101, 1009.99, 1010, 10_099, 47_000].map((value, i) =>
      reasons(ledger.poll(evaluation(AT + i * MINUTE, firing(A, value)))),
    );
    expect(all).toEqual([['new'], ['duplicate'], ['grown'], ['duplicate'], ['grown']]);
  });

  test('growth is not notified where it is off, or where lower is worse', () => {
    const off = new Ledger({ rule: { ...rule, growth: null } });
    off.poll(evaluation(AT, firing(A, 101)));
    expect(reasons(off.poll(evaluation(AT + MINUTE, firing(A, 47_000))))).toEqual(['duplicate']);
    const low = new Ledger();
    low.poll(evaluation(AT, firing(A, 101, '<=')));
    expect(reasons(low.poll(evaluation(AT + MINUTE, firing(A, 47_000, '<='))))).toEqual(['duplicate']);
  });

  test('the next day it is notified again, as ongoing where it has held since', () => {
    const ledger = new Ledger();
    ledger.poll(evaluation(MIDNIGHT, firing(A, 60)));
    const next = ledger.poll(evaluation(MIDNIGHT + MINUTE, firing(A, 60)));
    expect(reasons(next)).toEqual(['ongoing']);
    expect(next.notifications.flat()[0]).toMatchObject({
      ongoing: true,
      since: MIDNIGHT,
      period: 'day/2026-11-20T00:00:00Z',
    });
  });

  test('the next day it is new where it has paused, or is worse than what was notified', () => {
    const paused = new Ledger();
    paused.poll(evaluation(MIDNIGHT - MINUTE, firing(A, 60)));
    paused.poll(evaluation(MIDNIGHT));
    expect(reasons(paused.poll(evaluation(MIDNIGHT + MINUTE, firing(A, 60))))).toEqual(['new']);
    const worse = new Ledger();
    worse.poll(evaluation(MIDNIGHT, firing(A, 60)));
    expect(reasons(worse.poll(evaluation(MIDNIGHT + MINUTE, firing(A, 120))))).toEqual(['new']);
  });

  test('an episode is notified once, however long it lasts, and again after a poll that finds it over', () => {
    const ledger = new Ledger({ rule: { ...rule, dedupe: 'episode' } });
    expect(reasons(ledger.poll(evaluation(AT, firing(A, 60))))).toEqual(['new']);
    expect(reasons(ledger.poll(evaluation(AT + 3 * DAY, firing(A, 60))))).toEqual(['duplicate']);
    expect(reasons(ledger.poll(evaluation(AT + 3 * DAY + MINUTE, firing(A, 120))))).toEqual(['escalated']);
    ledger.poll(evaluation(AT + 4 * DAY));
    expect(reasons(ledger.poll(evaluation(AT + 4 * DAY + MINUTE, firing(A, 60))))).toEqual(['new']);
    expect(ledger.sent.map(({ period }) => period)).toEqual([
      'episode/2026-11-20T02:05:00Z',
      'episode/2026-11-20T02:05:00Z',
      'episode/2026-11-24T02:06:00Z',
    ]);
  });

  test('a finding that has not held for long enough is pending', () => {
    const held = evaluation(AT);
    const decision = new Ledger().poll({ ...held, pending: [firing(A, 60) as Firing] });
    expect(reasons(decision)).toEqual(['pending']);
    expect(decision.notifications).toEqual([]);
  });

  test('with `for`, an alert has held since the first of the earlier evaluation times', () => {
    const ledger = new Ledger({ times: [{ at: AT, earlier: [AT - 2 * MINUTE, AT - MINUTE] }] });
    expect(ledger.poll(evaluation(AT, firing(A, 60))).notifications.flat()[0]?.since).toBe(AT - 2 * MINUTE);
  });

  test('the beginning computed from the data is used where the ledger knows nothing', () => {
    const first = evaluation(AT, firing(A, 120));
    const unknown = unknownBeginnings(first, []);
    expect(unknown.map(({ severity, key }) => [severity, key])).toEqual([
      ['warning', A],
      ['critical', A],
    ]);
    const computed = unknown.map(({ groupId: id, severity }, i) =>
      openEpisode(id, stepOf(severity), AT - (2 - i) * DAY),
    );
    const decision = new Ledger({ computed }).poll(first);
    expect(decision.notifications.flat()[0]?.since).toBe(AT - DAY);
    expect(decision.episodes.begun).toEqual(computed);
    expect(unknownBeginnings(first, computed)).toEqual([]);
  });
});

describe('silences', () => {
  const silence = silenced(AT, AT + 10 * MINUTE, { rule: 'hourly-burn' });

  test('a silenced finding is not notified; it is when the silence ends while it holds', () => {
    const ledger = new Ledger({ silences: [silence] });
    const silenced = ledger.poll(evaluation(AT, firing(A, 60)));
    expect(silenced.verdicts[0]).toMatchObject({ reason: 'silenced', silence });
    expect(silenced.notifications).toEqual([]);
    const after = ledger.poll(evaluation(AT + 10 * MINUTE, firing(A, 60)));
    expect(reasons(after)).toEqual(['new']);
    expect(after.notifications.flat()[0]?.since).toBe(AT);
  });

  test('among missed instants the worst one outside the silence is notified', () => {
    const ledger = new Ledger({ silences: [silence] });
    const decision = ledger.poll(
      evaluation(AT - MINUTE, firing(A, 60)),
      evaluation(AT, firing(A, 900)),
      evaluation(AT + 10 * MINUTE, firing(A, 70)),
    );
    expect(decision.notifications.flat().map(({ at }) => at)).toEqual([AT + 10 * MINUTE]);
  });
});

describe('missed polls', () => {
  test('a breach that came and went is notified, as of its worst evaluation time', () => {
    const decision = new Ledger().poll(
      evaluation(AT, firing(A, 60)),
      evaluation(AT + MINUTE, firing(A, 400)),
      evaluation(AT + 2 * MINUTE, firing(A, 300)),
      evaluation(AT + 3 * MINUTE),
    );
    expect(decision.notifications.flat()).toMatchObject([
      { at: AT + MINUTE, severity: 'critical', since: AT + MINUTE },
    ]);
    expect(decision.episodes).toEqual({ begun: [], ended: [] });
  });

  test('each period has a message of its own, and what holds over midnight is ongoing in the second', () => {
    const decision = new Ledger().poll(
      evaluation(MIDNIGHT - MINUTE, firing(A, 60)),
      evaluation(MIDNIGHT, firing(A, 60), firing([null], 70)),
      evaluation(MIDNIGHT + MINUTE, firing(A, 60)),
    );
    expect(decision.notifications.map((list) => list.map(({ group, reason }) => [group, reason]))).toEqual([
      [
        [A, 'new'],
        [[null], 'new'],
      ],
      [[A, 'ongoing']],
    ]);
  });

  test('where lower is worse, the lowest value is notified; of an anomaly the farthest from usual', () => {
    const low = new Ledger().poll(
      evaluation(AT, firing(A, 60, '<=')),
      evaluation(AT + MINUTE, firing(A, 55, '<=')),
      evaluation(AT + 2 * MINUTE, firing(A, 58, '<=')),
    );
    expect(low.notifications.flat()[0]?.at).toBe(AT + MINUTE);
    const odd = (at: number, value: number, zscore: number) =>
      evaluation(at, { ...(firing(A, value) as Firing), badness: fixedFromNumber(Math.abs(zscore)) });
    const anomaly = new Ledger().poll(odd(AT, 90, 3), odd(AT + MINUTE, 60, -5));
    expect(anomaly.notifications.flat()[0]?.at).toBe(AT + MINUTE);
  });
});

test('episodes of a later time are left out when the past is judged', () => {
  const later = [openEpisode(groupId(A), 2, AT + DAY)];
  const decision = new Ledger({ episodes: later }).poll(evaluation(AT, firing(A, 60)));
  expect(decision.notifications.flat()[0]?.since).toBe(AT);
});

describe('any sequence of values, polled in any way', () => {
  const GROUPS: GroupKey[] = [['search'], [null]];
  const STEP = 180 * MINUTE;
  const values = fc.constantFrom(0, 49, 50, 60, 99, 100, 500, 1_000, 9_000);
  const history = fc.array(fc.tuple(values, values), { minLength: 1, maxLength: 40 });
  const batches = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 40, maxLength: 40 });
  const quiet = fc.tuple(fc.nat(40), fc.nat(12), fc.constantFrom<string | null>('search', null));
  const dedupe = fc.constantFrom('day' as const, 'hour' as const, 'week' as const, 'episode' as const);

  function evaluationsOf(rows: readonly (readonly [number, number])[]): Evaluation[] {
    return rows.map((row, i) =>
      evaluation(MIDNIGHT + i * STEP, ...GROUPS.map((key, g) => firing(key, row[g] as number))),
    );
  }

  /** Polls that miss instants make up for them: the ledger alone carries what was said from one to the next. */
  function polled(
    evaluations: Evaluation[],
    sizes: readonly number[],
    situation: Partial<Situation>,
  ): Ledger {
    const ledger = new Ledger(situation);
    for (let from = 0, n = 0; from < evaluations.length; n += 1) {
      const to = from + (sizes[n] ?? 1);
      ledger.poll(...evaluations.slice(from, to));
      from = to;
    }
    return ledger;
  }

  function highest(ledger: Ledger): Record<string, number> {
    return Object.fromEntries([...ledger.notified].map(([name, { step }]) => [name, step]).sort());
  }

  test('notifies nothing twice without a higher step or growth, and skips nothing that is due', () => {
    fc.assert(
      fc.property(history, batches, quiet, dedupe, (rows, sizes, [from, length, service], period) => {
        const silentFrom = MIDNIGHT + from * STEP;
        const silentUntil = silentFrom + length * STEP;
        const silence = silenced(silentFrom, silentUntil, { match: { service } });
        const situation = { rule: { ...rule, dedupe: period }, silences: [silence] };
        const evaluations = evaluationsOf(rows);
        const each = polled(evaluations, [], situation);
        const caughtUp = polled(evaluations, sizes, situation);

        // Catching up says the same identities as polling each instant, only together.
        expect(highest(caughtUp)).toEqual(highest(each));
        for (const ledger of [each, caughtUp]) {
          const last = new Map<string, AlertNotification>();
          const top = new Map<string, number>();
          for (const notification of ledger.sent) {
            const name = `${notification.groupId}/${notification.period}`;
            const before = last.get(name);
            if (before !== undefined) {
              const isHigher = notification.step > (top.get(name) ?? 0);
              expect(isHigher || notification.value >= before.value * 10n).toBe(true);
            }
            last.set(name, notification);
            top.set(name, Math.max(top.get(name) ?? 0, notification.step));
          }
        }
        // Every unsilenced finding was said by then: at its step or higher, at a tenth of its value or more.
        GROUPS.forEach((key, g) => {
          rows.forEach((row, i) => {
            const at = MIDNIGHT + i * STEP;
            const found = firing(key, row[g] as number);
            if (found === null) return;
            if (key[0] === service && at >= silentFrom && at < silentUntil) return;
            const since = sinceOf(rows, g, i, 50);
            const notified = each.sent.filter(
              (notification) =>
                notification.groupId === groupId(key) &&
                notification.at <= at &&
                samePeriod(notification, period, at, since),
            );
            const step = stepOf(found.steps[found.steps.length - 1]?.severity ?? 'info');
            expect(Math.max(...notified.map((notification) => notification.step))).toBeGreaterThanOrEqual(
              step,
            );
            expect((notified.at(-1)?.value ?? 0n) * 10n > found.value.fixed).toBe(true);
          });
        });
        // Since when, and whether it is ongoing, by brute force.
        for (const [n, notification] of each.sent.entries()) {
          const g = GROUPS.findIndex((key) => groupId(key) === notification.groupId);
          const i = (notification.at - MIDNIGHT) / STEP;
          const since = sinceOf(rows, g, i, notification.step === 3 ? 100 : 50);
          expect(notification.since).toBe(since);
          const earlier = [...each.notified.values(), ...each.sent.slice(0, n)]
            .filter(
              (notified) =>
                notified.groupId === notification.groupId &&
                notified.period !== notification.period &&
                notified.at < notification.at,
            )
            .sort((a, b) => a.at - b.at)
            .at(-1);
          const top = Math.max(
            ...each.sent
              .slice(0, n)
              .filter(
                (notified) =>
                  notified.groupId === notification.groupId && notified.period === earlier?.period,
              )
              .map(({ step }) => step),
          );
          const isOngoing = earlier !== undefined && top >= notification.step && since <= earlier.at;
          expect(notification.ongoing).toBe(isOngoing);
        }
      }),
      { numRuns: 300 },
    );
  });

  function sinceOf(
    rows: readonly (readonly [number, number])[],
    g: number,
    i: number,
    bound: number,
  ): number {
    let first = i;
    while (first > 0 && (rows[first - 1]?.[g] ?? 0) >= bound) first -= 1;
    return MIDNIGHT + first * STEP;
  }

  function samePeriod(
    notification: AlertNotification,
    dedupe: Rule['dedupe'],
    at: number,
    began: number,
  ): boolean {
    const iso = (instant: number) => new Date(instant).toISOString().replace('.000Z', 'Z');
    if (dedupe === 'episode') return notification.period === `episode/${iso(began)}`;
    const length = { hour: 3_600_000, day: DAY, week: 7 * DAY, month: 0, window: 0 }[dedupe];
    // 1970 began on a Thursday, a week begins on Monday.
    const shift = dedupe === 'week' ? 4 * DAY : 0;
    const begin = Math.floor((at - 1 - shift) / length) * length + shift;
    return notification.period === `${dedupe}/${iso(begin)}`;
  }
});
