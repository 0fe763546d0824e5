// Evaluates many missed times in slices.

import { firstNotBelow } from '../model/ascending.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import type { Rule } from '../model/rule.ts';
import type { Source } from './collect.ts';
import { type Evaluation, queriesAt } from './evaluate.ts';
import {
  type Assignment,
  type EvaluatedRules,
  evaluateRules,
  type Outcome,
  refuseQuiet,
} from './evaluate-rules.ts';

/**
 * Windows asked for at a time. A day of missed minutes with a baseline of a month is a million windows for fifty rules; in
 * one piece they took more memory than a process may have.
 */
const MOST_WINDOWS = 10_000;
/**
 * The limit where the store is asked directly. It reads old rows again for every slice, so fewer slices are worth the
 * memory.
 */
const MOST_DIRECTLY = 100_000;
/**
 * Firing groups of a rule that one poll holds in memory, over all its evaluation times, until all are decided. The next poll
 * evaluates the times that are left.
 */
const MOST_FIRINGS = 1_000_000;
/** How long sums may be read between two slices. */
const BETWEEN_SLICES_MS = 2_000;
/**
 * Kept sums can go back this far at little cost. After a poll that could not be recorded, they are ahead of the watermarks.
 */
const A_LITTLE_MS = 60 * 60_000;

/**
 * Evaluates every rule at all its times, as `evaluateRules` does, but many times in slices, oldest first, each as of its
 * end. The outcomes of all slices are joined, so that they are decided together. Only the latest evaluation of a rule keeps
 * its observed values. The store itself must answer for rules that lie far behind the source's latest refresh, and for rules
 * that the source failed to answer once. A rule over costs that are no numbers fails unless it fires. The outcome of a rule ends early where it fires for more groups than can be held.
 */
export async function evaluateInSlices(
  source: Source,
  zone: string,
  assignments: readonly Assignment[],
  before: number,
): Promise<Omit<EvaluatedRules, 'beside'>> {
  const most = source.refresh === undefined ? MOST_DIRECTLY : MOST_WINDOWS;
  if (slicesOf(assignments, zone, most).length === 1) {
    const all = await evaluateRules(source, zone, assignments, before, { mostFirings: () => MOST_FIRINGS });
    return { ...all, outcomes: all.outcomes.map(refuseQuiet) };
  }

  const given = new Map<Rule, Outcome>();
  const refreshedTo = source.refreshedTo?.() ?? Number.NEGATIVE_INFINITY;
  for (const { rule, times } of assignments) {
    const isBehind = times.length > 1 && (times[0]?.at ?? before) < refreshedTo - A_LITTLE_MS;
    if (isBehind) given.set(rule, { rule, evaluations: [], error: null, isOpen: true });
  }
  const followed = assignments.map(
    (one): Assignment => (given.has(one.rule) ? { ...one, times: one.times.slice(-1) } : one),
  );
  const asOfNow: Source = {
    ...source,
    ...(source.refresh && { refresh: (queries, end) => (source.refresh as Refresh)(queries, end, before) }),
  };
  const slices = slicesOf(followed, zone, most);
  /** Firing groups that each rule may still add. A rule that has used them up is removed. */
  const firingsLeft = new Map(followed.map(({ rule }) => [rule, MOST_FIRINGS]));
  const parts: (readonly Outcome[])[] = [];
  let rowsRead = 0;
  let newestRow: number | null = null;
  for (const [i, slice] of slices.entries()) {
    const isLast = i === slices.length - 1;
    const idle = new Set(slice.idle);
    for (const { rule } of assignments) if (given.has(rule) || !firingsLeft.has(rule)) idle.add(rule);
    const own = slice.assignments.map((one) => (idle.has(one.rule) ? idleAt(one.rule, slice.end) : one));
    const mostFirings = (rule: Rule): number => firingsLeft.get(rule) ?? 0;
    const evaluated = await evaluateRules(asOfNow, zone, own, isLast ? before : slice.end, { mostFirings });
    rowsRead += evaluated.rowsRead;
    newestRow = evaluated.newestRow;
    for (const outcome of evaluated.outcomes) {
      if (idle.has(outcome.rule)) continue;
      if (outcome.isOpen || outcome.error !== null) given.set(outcome.rule, outcome);
      const left = mostFirings(outcome.rule) - firingsIn(outcome);
      if (left > 0) firingsLeft.set(outcome.rule, left);
      else firingsLeft.delete(outcome.rule);
    }
    parts.push(
      evaluated.outcomes.map((outcome) =>
        isLast && !idle.has(outcome.rule) ? outcome : unobserved(outcome, idle),
      ),
    );
    if (!isLast) await source.backfill?.(BETWEEN_SLICES_MS);
  }
  const outcomes = assignments.map(({ rule }, i) =>
    refuseQuiet(given.get(rule) ?? joined(parts.map((part) => part[i] as Outcome))),
  );
  return { newestRow, rowsRead, outcomes };
}

type Refresh = NonNullable<Source['refresh']>;

/** Some of the evaluation times of all rules. */
interface Slice {
  /** Holds all rules, because the source drops the sums of a rule that no query asks for. */
  readonly assignments: readonly Assignment[];
  /** Rules without a time in this slice. Their queries are asked as of its end. */
  readonly idle: ReadonlySet<Rule>;
  readonly end: number;
}

/** Splits the times into one or more slices, oldest first, each of at most about `mostWindows` windows. */
function slicesOf(assignments: readonly Assignment[], zone: string, mostWindows: number): Slice[] {
  const distinct = new Set(assignments.flatMap(({ times }) => times.map(({ at }) => at)));
  const instants = [...distinct].sort((a, b) => a - b);
  const end = instants.at(-1) ?? 0;
  if (instants.length <= 1) return [{ assignments, idle: new Set(), end }];
  const windows = assignments.reduce(
    (sum, { rule, times }) => sum + times.length * windowsAt(rule, zone, end),
    0,
  );
  const count = Math.min(instants.length, Math.max(1, Math.ceil(windows / mostWindows)));
  return Array.from({ length: count }, (_, i) => {
    const from = instants[Math.floor((instants.length * i) / count)] as number;
    const next = Math.floor((instants.length * (i + 1)) / count);
    return sliceOf(assignments, from, instants[next - 1] as number);
  });
}

/** The times from `from` to `end`, both inclusive. */
function sliceOf(assignments: readonly Assignment[], from: number, end: number): Slice {
  const idle = new Set<Rule>();
  const own = assignments.map(({ rule, times }): Assignment => {
    const instants = times.map(({ at }) => at);
    const some = times.slice(firstNotBelow(instants, from), firstNotBelow(instants, end + 1));
    if (some.length > 0) return { rule, times: some };
    idle.add(rule);
    return idleAt(rule, end);
  });
  return { assignments: own, idle, end };
}

function idleAt(rule: Rule, at: number): Assignment {
  return { rule, times: [{ at, earlier: [] }] };
}

function windowsAt(rule: Rule, zone: string, at: number): number {
  try {
    return queriesAt(rule, zone, at).reduce((sum, { windows }) => sum + windows.length, 0);
  } catch {
    // The same fault fails this rule alone when it is evaluated.
    return 1;
  }
}

/** Drops observed values, which would keep the slice's answers in memory. */
function unobserved(outcome: Outcome, idle: ReadonlySet<Rule>): Outcome {
  if (idle.has(outcome.rule)) return { ...outcome, evaluations: [], error: null, isOpen: false };
  const bare = (evaluation: Evaluation): Evaluation => ({
    ...evaluation,
    judgement: { ...evaluation.judgement, observed: NOTHING_OBSERVED },
  });
  return { ...outcome, evaluations: outcome.evaluations.map(bare) };
}

function firingsIn({ evaluations }: Outcome): number {
  return evaluations.reduce((sum, { judgement }) => sum + judgement.firing.length, 0);
}

function joined(parts: readonly Outcome[]): Outcome {
  return { ...(parts.at(-1) as Outcome), evaluations: parts.flatMap(({ evaluations }) => evaluations) };
}
