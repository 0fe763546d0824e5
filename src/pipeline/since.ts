import type { Firing } from '../model/finding.ts';
import { type Rule, type Severity, stepOf } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { GroupKey } from '../model/series.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { assess } from './assess.ts';
import { narrowedWhere } from './explain.ts';

/** A group that fires at `at` with `severity`: since when has it? */
export interface SinceQuestion {
  readonly key: GroupKey;
  readonly severity: Severity;
  readonly at: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Most breaches are minutes old when they are news, so the long look back is seldom paid for. */
const LOOKS_BACK = [15 * MINUTE, 3 * HOUR, 24 * HOUR];

/**
 * The first scheduled instant from which a rule's condition has held without a break, at most 24 h back, computed
 * from the data alone. In the order asked. Throws the store's AppError when it cannot be read.
 */
export async function firstHeld(
  store: AuditStore,
  zone: string,
  schedule: Schedule,
  rule: Rule,
  questions: readonly SinceQuestion[],
): Promise<number[]> {
  const answers = questions.map(({ at }) => at);
  let open = questions.map((question, place) => ({ question, place }));
  for (const look of LOOKS_BACK) {
    if (open.length === 0) break;
    const asked = open.map(({ question }) => question);
    const held = await holdingFrom(store, zone, schedule, rule, look, asked);
    for (const [n, { place }] of open.entries())
      answers[place] = held[n]?.since ?? (answers[place] as number);
    open = open.filter((_, n) => held[n]?.broken === false);
  }
  return answers;
}

interface Held {
  readonly since: number;
  /** Whether an instant was met at which it did not hold; else it may have held for longer. */
  readonly broken: boolean;
}

async function holdingFrom(
  store: AuditStore,
  zone: string,
  schedule: Schedule,
  rule: Rule,
  lookMs: number,
  questions: readonly SinceQuestion[],
): Promise<Held[]> {
  const newest = Math.max(...questions.map(({ at }) => at));
  const oldest = Math.min(...questions.map(({ at }) => at));
  const instants = schedule.instants(oldest - lookMs, newest);
  const narrowed = {
    ...rule,
    where: narrowedWhere(
      rule,
      questions.map(({ key }) => key),
    ),
  };
  const moments = instants.map((at) => ({ at, earlier: [] }));
  const { outcomes } = await assess(store, zone, [{ rule: narrowed, moments }], newest);
  const outcome = outcomes[0];
  if (outcome === undefined || outcome.error !== null) {
    return questions.map(({ at }) => ({ since: at, broken: true }));
  }
  const heldAt = new Map(
    outcome.evaluations.map(({ at, judgement }) => [at, stepsByGroup(judgement.firing)]),
  );
  return questions.map((question) => walkBack(question, instants, heldAt, question.at - lookMs));
}

function walkBack(
  { key, severity, at }: SinceQuestion,
  instants: readonly number[],
  heldAt: ReadonlyMap<number, ReadonlyMap<string, number>>,
  from: number,
): Held {
  let since = at;
  for (const instant of instants.filter((one) => one >= from && one < at).reverse()) {
    const step = heldAt.get(instant)?.get(JSON.stringify(key)) ?? 0;
    if (step < stepOf(severity)) return { since, broken: true };
    since = instant;
  }
  return { since, broken: false };
}

function stepsByGroup(firing: readonly Firing[]): Map<string, number> {
  return new Map(
    firing.map(({ key, steps }) => [JSON.stringify(key), Math.max(...steps.map((s) => stepOf(s.severity)))]),
  );
}
