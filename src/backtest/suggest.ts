// Finds the limit that would have made a given number of alerts.

import type { Firing, ReachedStep } from '../model/finding.ts';
import { divideRounded, type Fixed } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import { type Rule, reaches } from '../model/rule.ts';
import type { Evaluation } from '../pipeline/evaluate.ts';
import { HoldLog } from '../pipeline/hold-log.ts';
import type { FixedLimits } from '../rules/rule-type.ts';
import { type Deciding, openDecider } from './decider.ts';
import type { Grid } from './grid.ts';
import type { Peaks } from './peaks.ts';

/** A limit, and how many alerts it would have made in the whole range. */
export interface Suggestion {
  readonly limit: Fixed;
  readonly alerts: number;
}

/** The values of a replay, among which a limit is searched for. */
export interface Seen {
  readonly peaks: Peaks;
  /** The mildest of all values. A limit that it reaches is useless: every group reaches it at all times. */
  readonly mildest: Fixed;
  readonly grid: Grid;
  readonly deciding: Deciding;
}

/**
 * Finds the limit that would have made about `target` alerts. It takes the place of the rule's mildest limit, as if that
 * were the only one; everything else stays (`for`, dedupe, growth, silences). Rounded to two or three digits where that
 * keeps the count. Null where every value reaches every limit.
 */
export function suggestLimit(
  rule: Rule,
  { operator, steps }: FixedLimits,
  { peaks, mildest, grid, deciding }: Seen,
  target: number,
): Suggestion | null {
  const severity = steps[0]?.severity ?? rule.severity;
  const isAlwaysMet = (limit: Fixed): boolean => reaches(operator, mildest, limit);
  const candidates = peaks.limits.filter((limit) => !isAlwaysMet(limit));
  const count = (limit: Fixed): Suggestion => ({
    limit,
    alerts: alertsAt(rule, { severity, bound: limit, operator }, peaks.sightings, grid, deciding),
  });
  const miss = ({ alerts }: Suggestion): number => Math.abs(alerts - target);
  const better = (a: Suggestion | null, b: Suggestion): Suggestion =>
    a === null || miss(b) < miss(a) ? b : a;
  let best: Suggestion | null = null;
  // Binary search: a stricter limit makes fewer alerts, except for a few that growth makes.
  for (let low = 0, high = candidates.length - 1; low <= high; ) {
    const middle = (low + high) >>> 1;
    const tried = count(candidates[middle] as Fixed);
    best = better(best, tried);
    if (tried.alerts > target) low = middle + 1;
    else high = middle - 1;
  }
  if (best === null) return null;
  // Candidates are values that occurred. Rounding in the wrong direction would just miss one, so both directions are
  // counted.
  const allowed = miss(best) + Math.floor(target / 10);
  for (const limit of [2, 3].flatMap((digits) => roundings((best as Suggestion).limit, digits))) {
    if (isAlwaysMet(limit)) continue;
    const tried = count(limit);
    if (miss(tried) <= allowed) return tried;
  }
  return best;
}

function alertsAt(
  rule: Rule,
  step: ReachedStep,
  sightings: Peaks['sightings'],
  grid: Grid,
  deciding: Deciding,
): number {
  const firingAt = new Map(
    sightings.map(({ index, observed }) => [index, firingOf(step, observed)] as const),
  );
  const held = new HoldLog();
  for (const [index, firing] of firingAt) held.record(index, firing);
  const decideAt = openDecider(deciding);
  let alerts = 0;
  // What fired is over some instants later. At all others nothing changes.
  const indices = new Set([...firingAt.keys()].flatMap((index) => untilOver(rule, index, grid.replayed)));
  for (const index of [...indices].sort((a, b) => a - b)) {
    const at = grid.replayed[index];
    if (at === undefined) continue;
    const earlier = rule.forMs === 0 ? [] : grid.instants(at - rule.forMs, at);
    const places = earlier.map((_, i) => index - earlier.length + i);
    const firing = (firingAt.get(index) ?? []).filter(({ key, steps }) =>
      held.throughout(key, steps[0].severity, places),
    );
    const evaluation: Evaluation = {
      at,
      judgement: { status: firing.length > 0 ? 'firing' : 'ok', observed: NOTHING_OBSERVED, firing },
      pending: [],
    };
    alerts += decideAt(rule, { at, earlier }, evaluation).notifications.length;
  }
  return alerts;
}

/** The index at which a rule fires, and those of the instants until its alert is over, if it does not fire again. */
function untilOver({ resolveAfterMs }: Rule, index: number, instants: readonly number[]): number[] {
  const firedAt = instants[index] ?? 0;
  const indices = [index];
  for (let next = index + 1; next < instants.length; next += 1) {
    indices.push(next);
    if ((instants[next] as number) - firedAt > resolveAfterMs) break;
  }
  return indices;
}

function firingOf(step: ReachedStep, observed: readonly Observation[]): Firing[] {
  const { operator, bound } = step;
  return observed
    .filter(({ value }) => reaches(operator, value.fixed, bound))
    .map((observation) => ({ ...observation, steps: [step] }));
}

/** Rounds to `digits` significant digits: to the nearest, then to the other side. */
function roundings(value: Fixed, digits: number): Fixed[] {
  const size = (value < 0n ? -value : value).toString().length;
  const unit = 10n ** BigInt(Math.max(0, size - digits));
  const nearest = divideRounded(value, unit) * unit;
  return nearest > value ? [nearest, nearest - unit] : [nearest, nearest + unit];
}
