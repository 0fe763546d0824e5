// The steps that all ends of windows fall on.

import { dayStart, localDay } from '../model/local-time.ts';
import type { Rule } from '../model/rule.ts';
import { queriesAt } from '../pipeline/evaluate.ts';
import { openStepGrid, type StepGrid } from '../sums/replay/step-grid.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Clocks change by as much, or by several times as much, in every zone. */
const ZONE_STEP = 15 * MINUTE;

/**
 * The longest steps (whole minutes) that all ends of the rules' windows at the instants fall on, which begin where the
 * instants do; days begin at a time of their own and cut them. Null where there are none.
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
    if (rule.window.kind === 'rolling') step = greatestDivisor(step, rule.window.ms);
    // A rule that looks at more than its window looks back over days, and a change of clocks moves where these end.
    if (looksBack(rule, zone, first)) step = greatestDivisor(step, ZONE_STEP);
  }
  return step > 0 && step % MINUTE === 0 ? step : null;
}

function looksBack(rule: Rule, zone: string, at: number): boolean {
  return queriesAt(rule, zone, at).some(({ windows }) => windows.length > 1);
}

/** Where local days begin, ascending, and 24 h before: what a day is compared with need not be a day of its own. */
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
