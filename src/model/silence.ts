// Finds the silence that matches a finding.

import { createHash } from 'node:crypto';
import { cronSchedule } from './cron-schedule.ts';
import type { Once, Recurring, Rule, Silence } from './rule.ts';
import type { Dimension, GroupKey } from './series.ts';

/**
 * The silence that matches a group of a rule at an instant, or null. Every key of `match` must fit. A dimension that the
 * rule does not group by fits only where the rule's `where` allows that one value alone. `incident` is the incident to which
 * the group's alert belongs or which it joins; null where there is none.
 */
export function silenceOf(
  rule: Pick<Rule, 'name' | 'groupBy' | 'where'>,
  key: GroupKey,
  at: number,
  silences: readonly Silence[],
  incident: string | null = null,
): Silence | null {
  return (
    silences.find(
      (silence) =>
        (silence.rule === null || silence.rule === rule.name) &&
        (silence.incident === null || silence.incident === incident) &&
        Object.entries(silence.match).every(([dimension, value]) => fits(rule, key, dimension, value)) &&
        spanAt(silence.times, at) !== null,
    ) ?? null
  );
}

/** Whether a silence can match any group of a rule. */
export function canSilence(
  rule: Pick<Rule, 'name' | 'groupBy' | 'where'>,
  silence: Pick<Silence, 'rule' | 'match'>,
): boolean {
  if (silence.rule !== null && silence.rule !== rule.name) return false;
  const key = rule.groupBy.map((dimension) => silence.match[dimension] ?? null);
  return Object.entries(silence.match).every(([dimension, value]) => fits(rule, key, dimension, value));
}

/** The time around an instant in which a silence holds; null where it does not hold then. */
export function spanAt(times: Once | Recurring, at: number): Once | null {
  if ('every' in times) return recurrenceOf(times)(at);
  return times.from <= at && at < times.until ? times : null;
}

/** A silence while it holds. */
export interface OccurringSilence {
  /** The same for every process and poll: what it matches, and since when. */
  readonly key: string;
  readonly until: number;
  readonly reason: string;
  /** Null where it is of the file. */
  readonly createdBy: string | null;
}

/** The occurrence of a silence around an instant; null where it does not hold then. */
export function occurringAt(silence: Silence, at: number): OccurringSilence | null {
  const span = spanAt(silence.times, at);
  if (span === null) return null;
  const { rule, incident, match, reason, createdBy = null } = silence;
  const named = Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1));
  const key = createHash('sha256')
    .update(JSON.stringify([rule, incident, named, span.from]))
    .digest('hex')
    .slice(0, 16);
  return { key, until: span.until, reason, createdBy };
}

function fits(
  rule: Pick<Rule, 'groupBy' | 'where'>,
  key: GroupKey,
  dimension: Dimension,
  value: string | null,
): boolean {
  const position = rule.groupBy.indexOf(dimension);
  if (position >= 0) return (key[position] ?? null) === value;
  const condition = rule.where[dimension];
  if (condition === undefined || !('in' in condition)) return false;
  return condition.in.length === 1 && condition.in[0] === value;
}

const recurrences = new WeakMap<Recurring, (at: number) => Once | null>();

function recurrenceOf(times: Recurring): (at: number) => Once | null {
  const known = recurrences.get(times);
  if (known !== undefined) return known;
  const made = recurrence(times);
  recurrences.set(times, made);
  return made;
}

/**
 * The occurrence around an instant: the last one that has begun. Thousands of groups ask for the same instant, and a
 * backtest for one after the other, so only the time since the last question is searched.
 */
function recurrence({ every, zone, lastsMs }: Recurring): (at: number) => Once | null {
  const schedule = cronSchedule(every, zone);
  let searchedTo = Number.POSITIVE_INFINITY;
  let begun: number | null = null;
  return (at) => {
    if (at < searchedTo) [searchedTo, begun] = [Number.NEGATIVE_INFINITY, null];
    begun = schedule.latest(at, Math.max(searchedTo, at - lastsMs)) ?? begun;
    searchedTo = at;
    return begun !== null && at < begun + lastsMs ? { from: begun, until: begun + lastsMs } : null;
  };
}
