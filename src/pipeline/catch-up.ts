import { firstNotBelow } from '../model/ascending.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import type { Rule } from '../model/rule.ts';
import { type Assessment, type Assignment, assess, type Outcome } from './assess.ts';
import type { Source } from './collect.ts';
import { type Evaluation, queriesAt } from './evaluate.ts';

/**
 * Windows that are asked for at a time. A day of minutes that nobody polled, with a month of earlier days for each, comes to a
 * million windows for fifty rules, which took more memory than a process may have.
 */
const MOST_WINDOWS = 10_000;
/** Where every slice goes through old rows again, few of them are worth more memory. */
const MOST_DIRECTLY = 100_000;

/**
 * Judges every rule at all its moments as `assess` does, but many of them a slice of time after the other, oldest first, each
 * as of its end: what was decided about all of them together is still decided together. Only the newest evaluation of a rule
 * tells what was observed.
 */
export async function assessInSlices(
  source: Source,
  zone: string,
  assignments: readonly Assignment[],
  before: number,
): Promise<Assessment> {
  const slices = slicesOf(assignments, zone, source.look === undefined ? MOST_DIRECTLY : MOST_WINDOWS);
  const newest = slices.pop() as Slice;
  if (slices.length === 0) return assess(source, zone, assignments, before);
  const earlier: (readonly Outcome[])[] = [];
  let rowsRead = 0;
  for (const slice of slices) {
    const assessed = await assess(source, zone, slice.assignments, slice.end);
    rowsRead += assessed.rowsRead;
    earlier.push(assessed.outcomes.map((outcome) => unobserved(outcome, slice.idle)));
    await source.prepare?.();
  }
  const last = await assess(source, zone, newest.assignments, before);
  return {
    ...last,
    rowsRead: rowsRead + last.rowsRead,
    outcomes: last.outcomes.map((outcome, i) =>
      joined([...earlier.map((outcomes) => outcomes[i] as Outcome), outcome]),
    ),
  };
}

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
    return { rule, moments: [{ at: end, earlier: [] }] };
  });
  return { assignments: own, idle, end };
}

function windowsAt(rule: Rule, zone: string, at: number): number {
  return queriesAt(rule, zone, at).reduce((sum, { windows }) => sum + windows.length, 0);
}

/** What was observed would hold on to the answers of its slice. */
function unobserved(outcome: Outcome, idle: ReadonlySet<Rule>): Outcome {
  if (idle.has(outcome.rule)) return { ...outcome, evaluations: [], isOpen: false };
  const bare = (evaluation: Evaluation): Evaluation => ({
    ...evaluation,
    judgement: { ...evaluation.judgement, observed: NOTHING_OBSERVED },
  });
  return { ...outcome, evaluations: outcome.evaluations.map(bare) };
}

function joined(parts: readonly Outcome[]): Outcome {
  const last = parts.at(-1) as Outcome;
  return {
    ...last,
    evaluations: parts.flatMap(({ evaluations }) => evaluations),
    error: parts.find(({ error }) => error !== null)?.error ?? null,
    isOpen: parts.some(({ isOpen }) => isOpen),
  };
}
