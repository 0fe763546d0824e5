// Many missed instants, one slice of time after another.

import { firstNotBelow } from '../model/ascending.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import type { Rule } from '../model/rule.ts';
import type { Source } from './collect.ts';
import { type Evaluation, queriesAt } from './evaluate.ts';
import { type Assignment, type EvaluatedRules, evaluateRules, type Outcome } from './evaluate-rules.ts';

/**
 * Windows that are asked for at a time. A day of minutes that nobody polled, with a month of earlier days for each, comes to a
 * million windows for fifty rules, which took more memory than a process may have.
 */
const MOST_WINDOWS = 10_000;
/** Where every slice goes through old rows again, few of them are worth more memory. */
const MOST_DIRECTLY = 100_000;
/**
 * Groups of a rule that fire at the instants of one poll, all together: what is known of each is held until all are decided.
 * The instants after that are the next poll's to judge.
 */
const MOST_FIRINGS = 1_000_000;
/** A look so far back costs the source little: a poll whose record failed has looked further than its rules have come. */
const A_LITTLE_MS = 60 * 60_000;

/**
 * Judges every rule at all its moments as `evaluateRules` does, but many of them a slice of time after the other, oldest first, each
 * as of its end: what was decided about all of them together is still decided together. Only the newest evaluation of a rule
 * tells what was observed. A rule that lags far behind what the source has looked at is left to the store, as is one that
 * the source could not answer once. Where a rule fires for so many groups that not all its moments can be held, its outcome
 * ends early.
 */
export async function evaluateInSlices(
  source: Source,
  zone: string,
  assignments: readonly Assignment[],
  before: number,
): Promise<EvaluatedRules> {
  const most = source.refresh === undefined ? MOST_DIRECTLY : MOST_WINDOWS;
  if (slicesOf(assignments, zone, most).length === 1)
    return evaluateRules(source, zone, assignments, before, null, () => MOST_FIRINGS);

  const given = new Map<Rule, Outcome>();
  const refreshedTo = source.refreshedTo?.() ?? Number.NEGATIVE_INFINITY;
  for (const { rule, moments } of assignments) {
    const isBehind = moments.length > 1 && (moments[0]?.at ?? before) < refreshedTo - A_LITTLE_MS;
    if (isBehind) given.set(rule, { rule, evaluations: [], error: null, isOpen: true });
  }
  const followed = assignments.map(
    (one): Assignment => (given.has(one.rule) ? { ...one, moments: one.moments.slice(-1) } : one),
  );
  const asOfNow: Source = {
    ...source,
    ...(source.refresh && { refresh: (queries, end) => (source.refresh as Look)(queries, end, before) }),
  };
  const slices = slicesOf(followed, zone, most);
  /** How many groups may still fire; a rule that is not in it has stopped. */
  const firingsLeft = new Map(followed.map(({ rule }) => [rule, MOST_FIRINGS]));
  const parts: (readonly Outcome[])[] = [];
  let rowsRead = 0;
  let newestRow: number | null = null;
  for (const [i, slice] of slices.entries()) {
    const isLast = i === slices.length - 1;
    const idle = new Set(slice.idle);
    for (const { rule } of assignments) if (given.has(rule) || !firingsLeft.has(rule)) idle.add(rule);
    const own = slice.assignments.map((one) => (idle.has(one.rule) ? idleAt(one.rule, slice.end) : one));
    const limit = (rule: Rule): number => firingsLeft.get(rule) ?? 0;
    const evaluated = await evaluateRules(asOfNow, zone, own, isLast ? before : slice.end, null, limit);
    rowsRead += evaluated.rowsRead;
    newestRow = evaluated.newestRow;
    for (const outcome of evaluated.outcomes) {
      if (idle.has(outcome.rule)) continue;
      if (outcome.isOpen || outcome.error !== null) given.set(outcome.rule, outcome);
      const left = limit(outcome.rule) - firingsIn(outcome);
      if (left > 0) firingsLeft.set(outcome.rule, left);
      else firingsLeft.delete(outcome.rule);
    }
    parts.push(
      evaluated.outcomes.map((outcome) =>
        isLast && !idle.has(outcome.rule) ? outcome : unobserved(outcome, idle),
      ),
    );
    if (!isLast) await source.prepare?.();
  }
  const outcomes = assignments.map(
    ({ rule }, i) => given.get(rule) ?? joined(parts.map((part) => part[i] as Outcome)),
  );
  return { newestRow, rowsRead, rowsIn: 0, outcomes };
}

type Look = NonNullable<Source['refresh']>;

/** Some of the instants of all rules. */
interface Slice {
  /** All rules, as what is kept for a rule goes when nobody asks for it. */
  readonly assignments: readonly Assignment[];
  /** Rules with nothing to be judged here, which are asked for as of the end. */
  readonly idle: ReadonlySet<Rule>;
  readonly end: number;
}

/** At least one, oldest first, each with at most about so many windows. */
function slicesOf(assignments: readonly Assignment[], zone: string, mostWindows: number): Slice[] {
  const distinct = new Set(assignments.flatMap(({ moments }) => moments.map(({ at }) => at)));
  const instants = [...distinct].sort((a, b) => a - b);
  const end = instants.at(-1) ?? 0;
  if (instants.length <= 1) return [{ assignments, idle: new Set(), end }];
  const windows = assignments.reduce(
    (sum, { rule, moments }) => sum + moments.length * windowsAt(rule, zone, end),
    0,
  );
  const count = Math.min(instants.length, Math.max(1, Math.ceil(windows / mostWindows)));
  return Array.from({ length: count }, (_, i) => {
    const from = instants[Math.floor((instants.length * i) / count)] as number;
    const next = Math.floor((instants.length * (i + 1)) / count);
    return sliceOf(assignments, from, instants[next - 1] as number);
  });
}

/** What is judged at the instants from `from` to `end`, both inclusive. */
function sliceOf(assignments: readonly Assignment[], from: number, end: number): Slice {
  const idle = new Set<Rule>();
  const own = assignments.map(({ rule, moments }): Assignment => {
    const instants = moments.map(({ at }) => at);
    const some = moments.slice(firstNotBelow(instants, from), firstNotBelow(instants, end + 1));
    if (some.length > 0) return { rule, moments: some };
    idle.add(rule);
    return idleAt(rule, end);
  });
  return { assignments: own, idle, end };
}

function idleAt(rule: Rule, at: number): Assignment {
  return { rule, moments: [{ at, earlier: [] }] };
}

function windowsAt(rule: Rule, zone: string, at: number): number {
  try {
    return queriesAt(rule, zone, at).reduce((sum, { windows }) => sum + windows.length, 0);
  } catch {
    // The rule fails when it is judged, and alone.
    return 1;
  }
}

/** What was observed would hold on to the answers of its slice. */
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
