// Finds the step at whose multiples all windows of a replay begin and end.

import { dayStart, localDay } from '../model/local-time.ts';
import { describeMetric } from '../model/metric.ts';
import type { Rule } from '../model/rule.ts';
import { queriesAt } from '../pipeline/evaluate.ts';
import { openStepGrid, type StepGrid } from '../sums/replay/step-grid.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** In every zone clocks change by multiples of this. */
const ZONE_STEP = 15 * MINUTE;

/**
 * The longest step, in whole minutes, at whose multiples all windows of the rules begin and end, counted from the first
 * instant. Windows of the calendar may also begin and end with local days. Null where there is no such step.
 */
export function replaySteps(
  rules: readonly Rule[],
  zone: string,
  instants: readonly number[],
  oldest: number,
): StepGrid | null {
  const [first = 0] = instants;
  const stepMs = commonStep(rules, zone, instants);
  if (stepMs === null) return null;
  const isByDay = rules.some(({ window }) => window.kind === 'calendar');
  return openStepGrid(first, stepMs, isByDay ? dayEnds(oldest, instants.at(-1) ?? first, zone) : []);
}

function commonStep(rules: readonly Rule[], zone: string, instants: readonly number[]): number | null {
  const [first = 0] = instants;
  let step = 0;
  for (const instant of instants) step = greatestDivisor(step, instant - first);
  for (const rule of rules) {
    step = greatestDivisor(step, rule.delayMs);
    if (describeMetric(rule.metric).isByMinute && first % MINUTE !== 0) return null;
    if (rule.window.kind === 'rolling') step = greatestDivisor(step, rule.window.ms);
    // Its other windows lie on earlier days, and a change of clocks shifts them.
    if (looksBack(rule, zone, first)) step = greatestDivisor(step, ZONE_STEP);
    if (asksForHours(rule, zone, first)) step = greatestDivisor(greatestDivisor(step, HOUR), first % HOUR);
  }
  return step > 0 && step % MINUTE === 0 ? step : null;
}

function asksForHours(rule: Rule, zone: string, at: number): boolean {
  return queriesAt(rule, zone, at).some(({ hours }) => hours !== undefined);
}

function looksBack(rule: Rule, zone: string, at: number): boolean {
  return queriesAt(rule, zone, at).some(({ windows }) => windows.length > 1);
}

/**
 * The beginnings of local days, ascending, and 24 h before each: a baseline compares with 24 h, which need not be a local
 * day.
 */
function dayEnds(from: number, to: number, zone: string): number[] {
  const ends = new Set<number>();
  for (let day = localDay(from, zone) - 1; day <= localDay(to, zone) + 1; day += 1) {
    const start = dayStart(day, zone);
    ends.add(start - DAY).add(start);
  }
  return [...ends].sort((a, b) => a - b);
}

function greatestDivisor(a: number, b: number): number {
  let [large, small] = [Math.abs(a), Math.abs(b)];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}
