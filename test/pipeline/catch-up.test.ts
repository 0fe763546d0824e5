import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { AppError } from '../../src/model/errors.ts';
import { ONE } from '../../src/model/money.ts';
import { NOTHING_OBSERVED } from '../../src/model/observed.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { Query, Series } from '../../src/model/series.ts';
import { evaluateInSlices } from '../../src/pipeline/catch-up.ts';
import { collect, collectDirectly, type Source } from '../../src/pipeline/collect.ts';
import {
  type Assignment,
  evaluateRules,
  evaluationTimeOf,
  type Outcome,
} from '../../src/pipeline/evaluate-rules.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { openLiveSums } from '../../src/sums/live/live-sums.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { allComparable } from '../support/series-cells.ts';
import {
  alertsQueuedBy,
  burn,
  DAY,
  HOUR,
  MINUTE,
  openPollWorld,
  type PollWorld,
  steadyCalls,
} from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
const SCHEDULE = cronSchedule('* * * * *', 'UTC');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** Each asks for 57 windows an instant. */
const anomalies = ['spend', 'calls', 'tokens', 'errors'].flatMap((metric) =>
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
  const rollup = openLiveSums(world.calls.store, { latenessMs: 15 * MINUTE, kept: null });
  const asked: { windows: number; before: number }[] = [];
  const windowsIn = (queries: readonly Query[]) => queries.reduce((sum, one) => sum + one.windows.length, 0);
  const source: Source = {
    read: world.calls.store.read,
    refresh(queries, before, now) {
      asked.push({ windows: windowsIn(queries), before });
      return rollup.refresh(queries, before, now);
    },
    refreshedTo: () => rollup.refreshedTo(),
    backfill: async (budgetMs) => void (await rollup.backfill(budgetMs)),
  };
  return { source, asked };
}

function assignmentsOf(some: readonly Rule[], instants: readonly number[]): Assignment[] {
  return some.map((rule) => ({ rule, times: instants.map((at) => evaluationTimeOf(rule, at, SCHEDULE)) }));
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

it('many evaluation times are judged in slices, with the result of all at once', async () => {
  await logCalls();
  const { source, asked } = cells();
  await evaluateRules(source, 'UTC', assignmentsOf(rules, [AT]), AT);
  await source.backfill?.(60_000);
  asked.length = 0;

  const now = AT + 4 * HOUR;
  const late = burn({ name: 'late', window: '1h' });
  const assignments = [
    ...assignmentsOf(rules, SCHEDULE.instants(AT + MINUTE, now + 1)),
    // A rule that is new is judged at the latest instant alone.
    ...assignmentsOf([late], [now]),
  ];
  const { outcomes, newestRow } = await evaluateInSlices(source, 'UTC', assignments, now);
  const direct = await evaluateRules(world.calls.store, 'UTC', assignments, now);
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

it('breaches of one day in a long outage are notified together, as of the worst evaluation time', async () => {
  await logCalls();
  const { source, asked } = cells();
  await world.poll(rules, AT, { source });
  asked.length = 0;
  const report = await world.poll(rules, AT + 4 * HOUR, { source });
  expect(report.error).toBeNull();
  expect(asked.length).toBeGreaterThan(10);
  const burning = alertsQueuedBy(report).filter(({ rule }) => rule === 'burn');
  expect(burning).toMatchObject([{ at: '2026-11-20T15:41:00Z', alerts: [{ finding: { value: 62 } }] }]);
  expect(alertsQueuedBy(report).map(({ rule }) => rule)).toContain('spend 1h');
  const again = await world.poll(rules, AT + 4 * HOUR + MINUTE, { source });
  expect(again.queued).toEqual([]);
});

it('a rule that lags behind is read from the store, and the sums of the others stay', async () => {
  await logCalls();
  const { source, asked } = cells();
  const now = AT + 4 * HOUR;
  await world.poll(rules, now - MINUTE, { source });
  await source.backfill?.(60_000);
  await world.calls.sql.query(
    `UPDATE spendwatch.rule_watermark SET evaluated_to = evaluated_to - interval '220 minutes'
     WHERE rule_name = 'spend 1h'`,
  );
  asked.length = 0;
  let reads = 0;
  const store: AuditStore = {
    ...world.calls.store,
    read(...read) {
      reads += 1;
      return world.calls.store.read(...read);
    },
  };
  const report = await world.poll(rules, now, { source, store });
  expect(report.error).toBeNull();
  expect(asked.map(({ before }) => before)).toEqual([now]);
  expect(reads).toBeGreaterThan(0);
  expect(alertsQueuedBy(report).map(({ rule }) => rule)).toEqual(['spend 1h']);
});

it('evaluation times whose refresh succeeded, but whose record failed, are answered from kept sums', async () => {
  await logCalls();
  const { source, asked } = cells();
  await world.poll(rules, AT, { source });
  await source.backfill?.(60_000);
  const away = { ...world.state, record: () => Promise.reject(new AppError('store_unreachable', 'away')) };
  for (const minutes of [1, 2]) {
    const failed = await world.poll(rules, AT + minutes * MINUTE, { source, state: away });
    expect(failed.error?.code).toBe('store_unreachable');
  }
  asked.length = 0;
  const store: AuditStore = {
    ...world.calls.store,
    read: () => Promise.reject(new Error('the store was asked')),
  };
  const report = await world.poll(rules, AT + 4 * HOUR, { source, store });
  expect(report.error).toBeNull();
  expect(asked.length).toBeGreaterThan(10);
});

it('a rule that kept sums do not cover is not asked for by the slices that follow', async () => {
  await logCalls();
  const { source } = cells();
  await evaluateRules(source, 'UTC', assignmentsOf(rules, [AT]), AT);
  await source.backfill?.(60_000);
  const windows: number[] = [];
  const partly: Source = {
    ...source,
    async refresh(queries, before, now) {
      const refreshed = await (source.refresh as NonNullable<Source['refresh']>)(queries, before, now);
      windows.push(queries.reduce((sum, query) => sum + query.windows.length, 0));
      return { ...refreshed, series: refreshed.series.map(() => null) };
    },
  };
  const now = AT + 4 * HOUR;
  const assignments = assignmentsOf(anomalies, SCHEDULE.instants(AT + MINUTE, now + 1));
  const { outcomes } = await evaluateInSlices(partly, 'UTC', assignments, now);
  expect(outcomes.every(({ isOpen }) => isOpen)).toBe(true);
  const [first, ...more] = windows;
  expect(first).toBeGreaterThan(5_000);
  expect(Math.max(...more)).toBeLessThan(1_000);
});

it('a call that was under way during a long catch-up is counted when it comes', async () => {
  await logCalls();
  const { source } = cells();
  await evaluateRules(source, 'UTC', assignmentsOf(rules, [AT]), AT);
  await source.backfill?.(60_000);
  const [taken] = await world.calls.sql.query<{ id: string }>(
    `SELECT nextval(pg_get_serial_sequence('api_audit_logs', 'id'))::text AS id`,
  );
  const now = AT + 23 * HOUR;
  await world.calls.log({ at: AT + MINUTE, cost: 1 }, { at: now - MINUTE, cost: 1 });
  await evaluateInSlices(source, 'UTC', assignmentsOf(rules, SCHEDULE.instants(AT + MINUTE, now + 1)), now);

  await world.calls.log({ at: now - 2 * HOUR, cost: 1000 });
  await world.calls.sql.query('UPDATE api_audit_logs SET id = $1 WHERE cost_usd = 1000', [taken?.id]);
  const later = now + 5 * MINUTE;
  const query: Query = {
    measures: ['cost', 'calls'],
    where: {},
    groupBy: ['service'],
    windows: [{ from: later - 24 * HOUR, to: later }],
  };
  const seen = await collect(source, [query], later);
  const direct = await collectDirectly(world.calls.store, [query], later);
  expect(allComparable(seen.series, [query])).toEqual(allComparable(direct.series, [query]));
});

/** The answers of a table in which one cost of each group is no number. */
function withUnreadable(source: Source): Source {
  const odd = (series: Series): Series => ({
    keys: series.keys,
    has: (group, i) => series.has(group, i),
    estimate: (group, i, measure) => series.estimate(group, i, measure),
    cell: (group, i) => {
      const cell = series.cell(group, i);
      return cell && { ...cell, sums: { ...cell.sums, unreadable: ONE } };
    },
    ...(series.hours && { hours: series.hours }),
  });
  return {
    ...source,
    costPlace: 'audit.columns.cost',
    async refresh(queries, before, now) {
      const seen = await (source.refresh as NonNullable<Source['refresh']>)(queries, before, now);
      const series = seen.series.map((one) => (one === null || one instanceof AppError ? one : odd(one)));
      return { ...seen, series };
    },
  };
}

it('a rule over costs that are no numbers fails, unless it fires at one of its times', async () => {
  await logCalls();
  const { source, asked } = cells();
  const quiet = burn({ name: 'quiet', thresholds: { warning: 1_000_000 } });
  const some = [burn(), quiet, ...anomalies];
  await evaluateRules(source, 'UTC', assignmentsOf(some, [AT]), AT);
  await source.backfill?.(60_000);
  asked.length = 0;
  const now = AT + 4 * HOUR;
  const assignments = assignmentsOf(some, SCHEDULE.instants(AT + MINUTE, now + 1));
  const { outcomes } = await evaluateInSlices(withUnreadable(source), 'UTC', assignments, now);
  // The burst is over in the last slice.
  expect(asked.length).toBeGreaterThan(10);
  const told = (name: string) => {
    const { error, evaluations } = outcomes.find(({ rule }) => rule.name === name) as Outcome;
    return [
      error?.code ?? null,
      evaluations.filter(({ judgement }) => judgement.firing.length > 0).length > 0,
    ];
  };
  expect(told('burn')).toEqual([null, true]);
  expect(told('quiet')).toEqual(['cost_unreadable', false]);
  expect(told('calls 1h')[0]).toBeNull();
});
