import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { NOTHING_OBSERVED } from '../../src/model/observed.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { Query } from '../../src/model/series.ts';
import { type Assignment, assess, momentOf, type Outcome } from '../../src/pipeline/assess.ts';
import { assessInSlices } from '../../src/pipeline/catch-up.ts';
import type { Source } from '../../src/pipeline/collect.ts';
import { openRollup } from '../../src/rollup/ledger.ts';
import { cronSchedule } from '../../src/schedule.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { burn, DAY, HOUR, MINUTE, openPollWorld, type PollWorld, steadyCalls, toldBy } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
const SCHEDULE = cronSchedule('* * * * *', 'UTC');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** Each asks for 57 windows an instant. */
const anomalies = ['spend', 'calls', 'tokens', 'errors', 'input_tokens', 'wasted_spend'].flatMap((metric) =>
  ['1h', 'today'].map((window) =>
    ruleOf('anomaly', { name: `${metric} ${window}`, metric, window, group_by: ['service'], min_change: 5 }),
  ),
);
const rules = [burn(), burn({ name: 'patient', for: '10m' }), ...anomalies];

/** Two weeks of calls, the last of them while nobody looked, with a burst that came and went. */
async function logCalls(): Promise<void> {
  await world.calls.log(
    ...steadyCalls(AT - 14 * DAY, AT + 4 * HOUR, 1),
    ...steadyCalls(AT + 90 * MINUTE, AT + 115 * MINUTE, 30),
  );
}

/** Cells as a worker keeps them, and what was asked of them at a time. */
function cells(): { source: Source; asked: { windows: number; before: number }[] } {
  const rollup = openRollup(world.calls.store, { latenessMs: 15 * MINUTE, kept: null });
  const asked: { windows: number; before: number }[] = [];
  const windowsIn = (queries: readonly Query[]) => queries.reduce((sum, one) => sum + one.windows.length, 0);
  const source: Source = {
    read: world.calls.store.read,
    look(queries, before) {
      asked.push({ windows: windowsIn(queries), before });
      return rollup.look(queries, before);
    },
    prepare: async () => void (await rollup.build(60_000)),
  };
  return { source, asked };
}

function assignmentsOf(some: readonly Rule[], instants: readonly number[]): Assignment[] {
  return some.map((rule) => ({ rule, moments: instants.map((at) => momentOf(rule, at, SCHEDULE)) }));
}

/** What is decided about. */
function findings(outcomes: readonly Outcome[]) {
  return outcomes.map(({ rule, error, evaluations }) => ({
    rule: rule.name,
    error,
    evaluations: evaluations.map(({ at, judgement: { status, firing }, pending }) => {
      return { at, status, firing, pending };
    }),
  }));
}

it('many instants are judged some at a time, as they would be all at once', async () => {
  await logCalls();
  const { source, asked } = cells();
  await assess(source, 'UTC', assignmentsOf(rules, [AT]), AT);
  await source.prepare?.();
  asked.length = 0;

  const now = AT + 4 * HOUR;
  const late = burn({ name: 'late', window: '1h' });
  const assignments = [
    ...assignmentsOf(rules, SCHEDULE.instants(AT + MINUTE, now + 1)),
    // A rule that is new is judged at the latest instant alone.
    ...assignmentsOf([late], [now]),
  ];
  const { outcomes, newestRow } = await assessInSlices(source, 'UTC', assignments, now);
  const direct = await assess(world.calls.store, 'UTC', assignments, now);
  expect(findings(outcomes)).toEqual(findings(direct.outcomes));
  expect(newestRow).toBe(direct.newestRow);
  expect(outcomes.every(({ isOpen }) => !isOpen)).toBe(true);

  expect(asked.length).toBeGreaterThan(10);
  expect(asked.at(-1)?.before).toBe(now);
  for (const { windows } of asked) expect(windows).toBeLessThan(15_000);
  const [first] = outcomes;
  expect(first?.evaluations.at(0)?.judgement.observed).toBe(NOTHING_OBSERVED);
  expect(first?.evaluations.at(-1)?.judgement.observed.length).toBe(1);
});

it('what a long outage held of one day goes out together, as of the instant at which it was worst', async () => {
  await logCalls();
  const { source, asked } = cells();
  await world.poll(rules, AT, { source });
  asked.length = 0;
  const report = await world.poll(rules, AT + 4 * HOUR, { source });
  expect(report.error).toBeNull();
  expect(asked.length).toBeGreaterThan(10);
  const burning = toldBy(report).filter(({ rule }) => rule === 'burn');
  expect(burning).toMatchObject([{ at: '2026-11-20T15:41:00Z', alerts: [{ finding: { value: 62 } }] }]);
  expect(toldBy(report).map(({ rule }) => rule)).toContain('spend 1h');
  const again = await world.poll(rules, AT + 4 * HOUR + MINUTE, { source });
  expect(again.queued).toEqual([]);
});
