// Computes from the data since when a finding holds.

import type { Firing } from '../model/finding.ts';
import { type Rule, type Severity, stepOf } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { GroupKey } from '../model/series.ts';
import type { Askable } from './ask.ts';
import { evaluateRules } from './evaluate-rules.ts';
import { narrowedToJudge } from './questions.ts';

/** A group that fires at `at` with `severity`: since when has it? */
export interface SinceQuestion {
  readonly key: GroupKey;
  /** As in Reached. */
  readonly variant?: string | undefined;
  readonly severity: Severity;
  readonly at: number;
  /** A time before `at` at which the group is known not to have fired; null when none is known. */
  readonly quietAt: number | null;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Spans to search. Most breaches are minutes old when they are first found, so the longest span is seldom read. */
const SPANS_MS = [15 * MINUTE, 3 * HOUR, 24 * HOUR];
/** On a schedule finer than a minute, every scheduled time is evaluated this far back, and only whole minutes beyond. */
const TO_THE_SECOND_MS = 15 * MINUTE;

/**
 * The first scheduled time from which a rule's condition has held, but for dips shorter than `resolve_after`, at most 24 h
 * back, computed from the data
 * alone. It is exact to the second where the condition began within the last quarter of an hour, or for a break in it. The
 * results are in the order asked. Throws the store's AppError when it cannot be read.
 */
export async function firstHeld(
  source: Pick<Askable, 'read'>,
  zone: string,
  schedule: Schedule,
  rule: Rule,
  questions: readonly SinceQuestion[],
): Promise<number[]> {
  const asking: Asking = { source, zone, rule };
  const held: Held[] = questions.map(({ at }) => ({ since: at, brokenAt: null }));
  let open = questions.map((question, place) => ({ question, place }));
  for (const spanMs of SPANS_MS) {
    if (open.length === 0) break;
    const found = await walkedBack(
      asking,
      open.map(({ question }) => ({
        question,
        from: question.at,
        instants: instantsBefore(question, spanMs, schedule),
      })),
    );
    for (const [n, { place, question }] of open.entries()) {
      const { since, brokenAt } = found[n] as Held;
      held[place] = { since, brokenAt: brokenAt ?? quietWithin(question, spanMs) };
    }
    open = open.filter(({ place }) => held[place]?.brokenAt === null);
  }
  return refined(asking, schedule, questions, held);
}

function instantsBefore(question: SinceQuestion, spanMs: number, schedule: Schedule): number[] {
  const { at } = question;
  const from = (quietWithin(question, spanMs) ?? at - spanMs - 1) + 1;
  const fineFrom = Math.max(from, at - TO_THE_SECOND_MS);
  return [...schedule.instants(from, fineFrom), ...schedule.everyInstant(fineFrom, at)];
}

function quietWithin({ at, quietAt }: SinceQuestion, spanMs: number): number | null {
  return quietAt !== null && quietAt >= at - spanMs ? quietAt : null;
}

/** Between the last whole minute that did not hold and the first that did, the seconds are evaluated, too. */
async function refined(
  asking: Asking,
  schedule: Schedule,
  questions: readonly SinceQuestion[],
  held: readonly Held[],
): Promise<number[]> {
  const between = held.map(({ since, brokenAt }) =>
    brokenAt === null ? [] : schedule.everyInstant(brokenAt + 1, since),
  );
  const open = between.flatMap((instants, place) => (instants.length === 0 ? [] : [place]));
  const since = held.map((one) => one.since);
  if (open.length === 0) return since;
  const found = await walkedBack(
    asking,
    open.map((place) => ({
      question: questions[place] as SinceQuestion,
      from: since[place] as number,
      instants: between[place] ?? [],
    })),
  );
  for (const [n, place] of open.entries()) since[place] = found[n]?.since ?? (since[place] as number);
  return since;
}

interface Asking {
  readonly source: Pick<Askable, 'read'>;
  readonly zone: string;
  readonly rule: Rule;
}

interface Held {
  readonly since: number;
  /** The last time at which it did not hold; null where none was found, and it may have held for longer. */
  readonly brokenAt: number | null;
}

interface Walk {
  readonly question: SinceQuestion;
  /** Known to hold. */
  readonly from: number;
  /** Before it, ascending. */
  readonly instants: readonly number[];
}

async function walkedBack({ source, zone, rule }: Asking, walks: readonly Walk[]): Promise<Held[]> {
  const instants = [...new Set(walks.flatMap((walk) => walk.instants))].sort((a, b) => a - b);
  const newest = walks.reduce((latest, { from }) => Math.max(latest, from), 0);
  if (instants.length === 0) return walks.map(({ from }) => ({ since: from, brokenAt: null }));
  const keys = walks.map(({ question }) => question.key);
  const times = instants.map((at) => ({ at, earlier: [] }));
  const narrowed = { ...rule, where: narrowedToJudge(rule, keys) };
  const { outcomes } = await evaluateRules(source, zone, [{ rule: narrowed, times }], newest);
  const outcome = outcomes[0];
  if (outcome === undefined) throw new RangeError('a rule has no outcome');
  if (outcome.error !== null) throw outcome.error;
  const heldAt = new Map(
    outcome.evaluations.map(({ at, judgement }) => [at, stepsByGroup(judgement.firing)]),
  );
  // With `dedupe: episode` each break begins another alert.
  const longestDipMs = rule.dedupe === 'episode' ? 0 : rule.resolveAfterMs;
  return walks.map((walk) => walkBack(walk, heldAt, longestDipMs));
}

function walkBack(
  { question: { key, variant, severity }, from, instants }: Walk,
  heldAt: ReadonlyMap<number, ReadonlyMap<string, number>>,
  longestDipMs: number,
): Held {
  const group = JSON.stringify([key, variant]);
  let since = from;
  /** The last instant of a dip; null while it holds. */
  let dip: number | null = null;
  for (const instant of [...instants].reverse()) {
    const step = heldAt.get(instant)?.get(group) ?? 0;
    if (step >= stepOf(severity)) {
      since = instant;
      dip = null;
      continue;
    }
    dip ??= instant;
    if (dip - instant >= longestDipMs) return { since, brokenAt: dip };
  }
  return { since, brokenAt: null };
}

function stepsByGroup(firing: readonly Firing[]): Map<string, number> {
  return new Map(
    firing.map(({ key, variant, steps }) => [
      JSON.stringify([key, variant]),
      steps.reduce((highest, { severity }) => Math.max(highest, stepOf(severity)), 0),
    ]),
  );
}
