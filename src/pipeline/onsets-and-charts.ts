// Reads for alerts when they began, and what their pictures show.

import type { Chart } from '../model/chart.ts';
import { AppError } from '../model/errors.ts';
import { type Firing, topStep } from '../model/finding.ts';
import { measuresOf } from '../model/metric.ts';
import { measured } from '../model/metric-value.ts';
import { type Onset, onsetOf } from '../model/onset.ts';
import { describeQuantity, quantityOf } from '../model/quantity.ts';
import { firesBelow, type Rule } from '../model/rule.ts';
import { type GroupKey, groupIn, type Query, type Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { alertChart } from './alert-chart.ts';
import { ask } from './ask.ts';
import { type ChartWindow, chartWindows } from './chart-windows.ts';
import type { PollUnderWay } from './parts.ts';
import { type Explained, narrowedToJudge } from './questions.ts';

/** When an alert began, and its picture; null where that is not known. */
export interface OnsetAndChart {
  readonly onset: Onset | null;
  readonly chart: Chart | null;
}

const MINUTE = 60_000;
/** Onsets are looked for in the 24 h before the end of the window that fires. */
const MINUTES = 1440;
/** So many of a rule's findings are looked at, the first ones: a message shows no more, and each has a day of minutes. */
const MOST = 30;

/**
 * The onsets and charts of what fires, by rule and firing, in the order asked. They are read together, from kept sums where
 * these know them, else by one read of the store in what is left of the time for explanations. Without an answer all is
 * null: no alert waits for its picture. Never rejects.
 */
export function onsetsAndCharts(
  parts: Pick<PollUnderWay, 'explaining' | 'zone'>,
  asked: readonly Explained[],
  before: number,
): Promise<OnsetAndChart[][]> {
  return told(parts, asked, before, true);
}

/** The onsets alone, for a result that shows no picture. */
export async function onsets(
  explaining: PollUnderWay['explaining'],
  asked: readonly Explained[],
  before: number,
): Promise<(Onset | null)[][]> {
  const answers = await told({ explaining, zone: 'UTC' }, asked, before, false);
  return answers.map((ofRule) => ofRule.map(({ onset }) => onset));
}

async function told(
  { explaining, zone }: Pick<PollUnderWay, 'explaining' | 'zone'>,
  asked: readonly Explained[],
  before: number,
  hasCharts: boolean,
): Promise<OnsetAndChart[][]> {
  const plans = asked.map(({ rule, firing }) =>
    orNull(() => planOf(rule, firing.slice(0, MOST), zone, hasCharts)),
  );
  const queries = plans.flatMap((plan) => plan?.queries ?? []);
  const answers = queries.length === 0 ? [] : await ask(explaining, queries, before);
  const answerOf = new Map(queries.map((query, i) => [query, answers[i]]));
  const readers = new Map<Query, Reader | null>();
  const readerTo = ({ rule }: Plan, query: Query): Reader | null => {
    const known = readers.get(query);
    if (known !== undefined) return known;
    const reader = readerOf(rule, query, seriesOf(answerOf.get(query)));
    readers.set(query, reader);
    return reader;
  };
  return plans.map((plan, i) =>
    (asked[i]?.firing ?? []).map((firing, n) => {
      const known = plan && n < MOST && orNull(() => toldOf(plan, firing, (query) => readerTo(plan, query)));
      return known || NOTHING;
    }),
  );
}

const NOTHING: OnsetAndChart = { onset: null, chart: null };

/** The questions about what fires of one rule. */
interface Plan {
  readonly rule: Rule;
  readonly zone: string;
  /** By the end of the window that fires: the values of the picture, and the minutes of metrics that add up. */
  readonly values: ReadonlyMap<string, Query & { readonly shown: readonly ChartWindow[] }>;
  readonly minutes: ReadonlyMap<string, Query>;
  readonly queries: readonly Query[];
}

function planOf(rule: Rule, firing: readonly Firing[], zone: string, hasCharts: boolean): Plan {
  const asking = {
    measures: measuresOf(rule.metric, rule.errors),
    where: narrowedToJudge(
      rule,
      firing.map(({ key }) => key),
    ),
    groupBy: rule.groupBy,
  };
  const values = new Map<string, Query & { readonly shown: readonly ChartWindow[] }>();
  const minutes = new Map<string, Query>();
  for (const { window } of firing) {
    if (hasCharts) {
      const shown = chartWindows(rule, window, zone);
      values.set(nameOf(window), { ...asking, windows: shown.map((one) => one.window), shown });
    }
    if (describeQuantity(quantityOf(rule)).additive) {
      minutes.set(nameOf(window), { ...asking, windows: minutesBefore(window.to) });
    }
  }
  return { rule, zone, values, minutes, queries: [...values.values(), ...minutes.values()] };
}

function toldOf(
  { rule, zone, values, minutes }: Plan,
  firing: Firing,
  readerTo: (query: Query) => Reader | null,
): OnsetAndChart {
  const { key, window } = firing;
  const [shown, byMinute] = [values.get(nameOf(window)), minutes.get(nameOf(window))];
  const sums = byMinute && readerTo(byMinute)?.(key);
  const from = byMinute?.windows[0]?.from ?? 0;
  const falls = firesBelow(topStep(firing).operator);
  const onset = sums
    ? onsetOf({ from, sums: sums.map((sum) => sum ?? 0) }, window, firing.value.number, falls)
    : null;
  const numbers = shown && readerTo(shown)?.(key);
  const chart = numbers
    ? alertChart({
        rule,
        firing,
        zone,
        onset,
        values: shown.shown.map(({ at }, i) => [at, numbers[i] ?? null] as const),
      })
    : null;
  return { onset, chart };
}

/** The values of a group, by window; null where there is none. */
type Reader = (key: GroupKey) => (number | null)[];

/** Reads an answer; null without one. */
function readerOf(rule: Rule, { windows }: Query, series: Series | null): Reader | null {
  if (series === null) return null;
  const { estimate } = measured(rule.metric, rule.errors);
  const { additive } = describeQuantity(quantityOf(rule));
  const valueIn =
    ruleTypeOf(rule).valuesIn?.(rule, series) ??
    ((group: number, window: number) => estimate(series, group, window));
  return (key) => {
    const group = groupIn(series, key);
    if (group < 0) return windows.map(() => (additive ? 0 : null));
    return windows.map((_, i) => (additive || series.has(group, i) ? valueIn(group, i) : null));
  };
}

function minutesBefore(to: number): Window[] {
  const end = Math.floor(to / MINUTE) * MINUTE;
  return Array.from({ length: MINUTES }, (_, i) => {
    const from = end - (MINUTES - i) * MINUTE;
    return { from, to: from + MINUTE };
  });
}

function nameOf({ from, to }: Window): string {
  return `${from}/${to}`;
}

function seriesOf(answer: Series | AppError | undefined): Series | null {
  return answer === undefined || answer instanceof AppError ? null : answer;
}

/** A picture that cannot be made is left out. */
function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
