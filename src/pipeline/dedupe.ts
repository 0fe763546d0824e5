// Compares what fires with what was notified, for every rule.

import { type AppError, asAppError } from '../model/errors.ts';
import { groupId } from '../model/fingerprint.ts';
import { type Episode, type Notified, openEpisode } from '../model/notification.ts';
import { type Rule, stepOf } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { RuleState } from '../state/ledger.ts';
import { type Decision, decide, isUneventful, NOTHING_TO_NOTIFY, type Situation } from './decide.ts';
import type { Evaluation, EvaluationTime } from './evaluate.ts';
import type { Assignment, Outcome } from './evaluate-rules.ts';
import type { DecidingParts } from './parts.ts';
import { type Joining, joiningSilenced, namedBy } from './silenced-incidents.ts';
import { firstHeld } from './since.ts';
import { unknownBeginnings } from './unknown-beginnings.ts';

export interface Decided {
  readonly rule: Rule;
  readonly decision: Decision;
  /** The alerts that join an incident without being notified, because it is silenced. */
  readonly joining: readonly Joining[];
  /** Why nothing could be decided, though the rule was evaluated. */
  readonly error: AppError | null;
}

const DAY = 86_400_000;
/** Groups of a rule whose beginning is looked up in the data: more than a message shows, and few enough to hold. */
const LOOKED_UP = 50;

/**
 * Decides for every rule that could be evaluated, by its state in the ledger. A fault in one rule fails that rule alone.
 * Throws when the ledger cannot be read: nothing can be decided without it.
 */
export async function dedupe(
  parts: DecidingParts,
  assignments: readonly Assignment[],
  outcomes: readonly Outcome[],
  fingerprintOf: (rule: Rule) => string,
  ruleStates: ReadonlyMap<string, RuleState>,
  { at, newestRow }: { readonly at: number; readonly newestRow: number | null },
): Promise<Decided[]> {
  const judged = outcomes.flatMap(({ rule, evaluations, error, isOpen }, i): Judged[] => {
    if (error !== null || isOpen) return [];
    const fingerprint = fingerprintOf(rule);
    const times = assignments[i]?.times ?? [];
    const known = ruleStates.get(fingerprint) ?? NOTHING;
    const firstAt = firstOf(times);
    // After a clock was set back, evaluation times before the watermark are decided. The ledger's episodes are later ones.
    const knownTo = known.watermark !== null && known.watermark < firstAt ? known.watermark : null;
    return [{ rule, fingerprint, times, evaluations, known, knownTo }];
  });
  const eventful = judged.filter(({ evaluations, known }) => !isUneventful(evaluations, known.episodes));
  const notified = await parts.state.readNotified(
    eventful.map(({ fingerprint, times, evaluations }) => ({
      fingerprint,
      groupIds: firingGroups(evaluations),
      firstAt: firstOf(times),
    })),
  );
  const named = namedBy(parts.silences);
  const silenced = named.length === 0 ? new Map() : await parts.state.readAlertsOf(named);
  const decided = await Promise.all(
    eventful.map(async (one): Promise<DecidedSituation | AppError> => {
      try {
        const situation = await situationOf(parts, one, notified.get(one.fingerprint) ?? [], newestRow);
        const incidents = silenced.get(one.fingerprint) ?? new Map();
        return { situation, incidents, decision: decide({ ...situation, incidents }) };
      } catch (error) {
        return asAppError(error, 'rule_failed');
      }
    }),
  );
  const decisionOf = await withJoining(parts, decided, at);
  eventful.forEach(({ rule }, i) => {
    const error = decided[i];
    if (error instanceof Error) decisionOf.set(rule, { decision: NOTHING_TO_NOTIFY, joining: [], error });
  });
  return judged.map(({ rule }) => {
    const { decision, joining, error } = decisionOf.get(rule) ?? NOTHING_DECIDED;
    return { rule, decision, joining, error };
  });
}

const NOTHING_DECIDED = { decision: NOTHING_TO_NOTIFY, joining: [], error: null };

interface DecidedSituation {
  readonly situation: Situation;
  readonly incidents: ReadonlyMap<string, string>;
  readonly decision: Decision;
}

/** Decides rules again, some of whose alerts join an incident that is silenced. */
async function withJoining(
  parts: DecidingParts,
  decided: readonly (DecidedSituation | AppError)[],
  at: number,
): Promise<Map<Rule, Omit<Decided, 'rule'>>> {
  const good = decided.flatMap((one) => (one instanceof Error ? [] : [one]));
  const notifying = good.map(({ situation: { rule, fingerprint }, decision }) => {
    return { rule, fingerprint, notifications: decision.notifications.flat() };
  });
  const joining = await joiningSilenced(parts, notifying, at);
  return new Map(
    good.map(({ situation, incidents, decision }) => {
      const some = joining.get(situation.rule);
      if (some === undefined) return [situation.rule, { decision, joining: [], error: null }];
      const all = new Map([
        ...incidents,
        ...some.map(({ groupId: id, incident }) => [id, incident] as const),
      ]);
      const again = decide({ ...situation, incidents: all });
      return [situation.rule, { decision: again, joining: some, error: null }];
    }),
  );
}

/** A rule that could be evaluated. */
interface Judged {
  readonly rule: Rule;
  readonly fingerprint: string;
  readonly times: readonly EvaluationTime[];
  readonly evaluations: readonly Evaluation[];
  readonly known: RuleState;
  /** The evaluation time up to which `known` is current; null unless it lies before the first of `times`. */
  readonly knownTo: number | null;
}

async function situationOf(
  parts: DecidingParts,
  { rule, fingerprint, times, evaluations, known: { episodes }, knownTo }: Judged,
  notified: readonly Notified[],
  newestRow: number | null,
): Promise<Situation> {
  return {
    rule,
    fingerprint,
    zone: parts.zone,
    times,
    evaluations,
    notified,
    episodes,
    knownTo,
    computed: await beginnings(parts, rule, { times, evaluations, episodes, knownTo }),
    silences: parts.silences,
    newestRow,
  };
}

const NOTHING: RuleState = { watermark: null, episodes: [] };

function firstOf(times: readonly EvaluationTime[]): number {
  return times[0]?.at ?? 0;
}

function firingGroups(evaluations: readonly Evaluation[]): string[] {
  const ids = new Set<string>();
  for (const { judgement } of evaluations)
    for (const { key, variant } of judgement.firing) ids.add(groupId(key, variant));
  return [...ids];
}

/**
 * Finds in the data since when groups have fired whose episodes are not in the ledger. Where the data cannot tell in time,
 * the alert's own evaluation time stands as its beginning.
 */
async function beginnings(
  parts: DecidingParts,
  rule: Rule,
  {
    times,
    evaluations,
    episodes,
    knownTo,
  }: Pick<Judged, 'times' | 'evaluations' | 'knownTo'> & Pick<RuleState, 'episodes'>,
): Promise<Episode[]> {
  const [time] = times;
  if (time === undefined || isKnownFromLedger(rule, time, knownTo, parts.schedule)) return [];
  const asked = unknownBeginnings(evaluations[0], episodes).slice(0, LOOKED_UP);
  if (asked.length === 0) return [];
  // A group that `for` held back is not in the ledger, although its condition may have held then.
  const quietAt = rule.forMs === 0 ? knownTo : null;
  const questions = asked.map((one) => ({ ...one, quietAt }));
  try {
    const since = await firstHeld(parts.dating, parts.zone, parts.schedule, rule, questions);
    return asked.map(({ groupId: id, severity }, i) => openEpisode(id, stepOf(severity), since[i] as number));
  } catch {
    return [];
  }
}

/**
 * Whether the ledger is current as of the scheduled time just before the first one, so that groups without an episode began
 * at the first one. With `for` on a schedule finer than a minute that is unknown: `earlier` holds whole minutes only.
 */
function isKnownFromLedger(
  rule: Rule,
  { at, earlier }: EvaluationTime,
  knownTo: number | null,
  schedule: Schedule,
): boolean {
  if (knownTo === null || at - knownTo > DAY || schedule.everyInstant(knownTo + 1, at).length > 0)
    return false;
  const [first] = earlier;
  return (
    rule.forMs === 0 || (first !== undefined && schedule.everyInstant(first, at).length === earlier.length)
  );
}
