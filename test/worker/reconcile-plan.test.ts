import { expect, it } from 'vitest';
import type { Window } from '../../src/model/window.ts';
import { openReconcilePlan, type ReconcilePlan } from '../../src/worker/reconcile-plan.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-11-20T14:02:00Z');
const WHOLE = Date.parse('2026-11-20T14:00:00Z');
const OLDEST = WHOLE - 90 * DAY;

/** All that is compared between two polls, where each comparison takes so long. */
function between(plan: ReconcilePlan, now: number, stepMs = 0) {
  const spans: Window[] = [];
  for (let time = now; spans.length < 1_000; time += stepMs) {
    const span = plan.next(time, () => OLDEST);
    if (span === null) break;
    spans.push(span);
    plan.done();
  }
  plan.rest();
  return spans;
}

it('the last 48 h are compared at each interval, by quarters of a day, the newest first', () => {
  const plan = openReconcilePlan(HOUR);
  expect(between(plan, AT)).toEqual([]);
  expect(between(plan, AT + 58 * MINUTE)).toEqual([]);
  const now = AT + HOUR;
  // Of the newest quarter there are two minutes more.
  expect(between(plan, now)).toEqual([
    { from: WHOLE + HOUR, to: now },
    ...Array.from({ length: 8 }, (_, i) => ({
      from: WHOLE + HOUR - (i + 1) * 6 * HOUR,
      to: WHOLE + HOUR - i * 6 * HOUR,
    })),
  ]);
  expect(between(plan, now + MINUTE)).toEqual([]);
});

it.each([
  ['a minute', MINUTE, 1],
  ['five minutes', 5 * MINUTE, 1],
  ['an hour', HOUR, 8],
  ['a day', DAY, 90],
])('with polls %s apart all older days are compared once a day, few between two polls', (_, step, most) => {
  const plan = openReconcilePlan(HOUR);
  const isOld = ({ to }: Window, now: number) => to <= now - 2 * DAY;
  const begun = AT + 2 * DAY;
  const older: Window[] = [];
  let recent = 0;
  for (let now = AT; now < begun + DAY; now += step) {
    const spans = between(plan, now);
    const old = spans.filter((span) => isOld(span, now));
    expect(old.length).toBeLessThanOrEqual(most);
    if (now >= begun) older.push(...old);
    // The last 48 h are not kept waiting.
    recent = Math.max(recent, spans.length - old.length);
  }
  expect(recent).toBe(9);
  const ascending = older.sort((a, b) => a.from - b.from);
  expect(ascending[0]?.from).toBe(OLDEST);
  expect(new Set(ascending.map(({ from }) => from)).size).toBe(ascending.length);
  for (const [i, span] of ascending.slice(1).entries()) expect(span.from).toBe(ascending[i]?.to);
});

it.each([
  ['an hour', HOUR, HOUR],
  ['a day', DAY, DAY],
  ['six hours', 6 * HOUR, 6 * HOUR],
])(
  'polls as far apart as the interval, %s, compare at each, though some come a little early',
  (_, step, every) => {
    const plan = openReconcilePlan(every);
    const jitter = [900, 300, 0, 700, 1_500, 20, 450];
    const compared = jitter.map((late, i) => between(plan, AT + i * step + late).length > 0);
    expect(compared).toEqual([false, true, true, true, true, true, true]);
  },
);

it('all is known to equal the store since the comparison of everything began that was completed last', () => {
  const plan = openReconcilePlan(HOUR);
  const completed: (number | null)[] = [];
  for (let now = AT; now < AT + 2 * DAY; now += HOUR) {
    between(plan, now);
    const since = plan.completeSince();
    if (since !== completed.at(-1)) completed.push(since);
  }
  // A day after the start everything is compared, which takes half a day.
  expect(completed).toEqual([null, AT + DAY]);
});

it('what failed is next again, and a clock that was set back begins anew', () => {
  const plan = openReconcilePlan(HOUR);
  between(plan, AT);
  const span = plan.next(AT + HOUR, () => OLDEST);
  expect(span).not.toBeNull();
  expect(plan.next(AT + HOUR + MINUTE, () => OLDEST)).toEqual(span);
  between(plan, AT + HOUR + MINUTE);
  expect(between(plan, AT + HOUR + 2 * MINUTE)).toEqual([]);
  expect(between(plan, AT - HOUR).length).toBeGreaterThan(8);
});

it('where comparing takes longer than the interval, polls and older days get their turn', () => {
  const plan = openReconcilePlan(MINUTE);
  const old: Window[] = [];
  for (let now = AT; now < AT + 3 * DAY; now += 2 * MINUTE) {
    const spans = between(plan, now, 30_000);
    expect(spans.length).toBeLessThanOrEqual(10);
    old.push(...spans.filter(({ to }) => to <= now - 2 * DAY));
  }
  expect(new Set(old.map(({ from }) => from)).size).toBeGreaterThanOrEqual(88);
});
