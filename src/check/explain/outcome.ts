// Names why a group is notified now, or is not (pure): what evaluate and decide found, in one word.

import { type Firing, topStep } from '../../model/finding.ts';
import { groupId } from '../../model/fingerprint.ts';
import type { Sample } from '../../model/metric-value.ts';
import { fixedFromNumber, ONE } from '../../model/money.ts';
import type { Closing, Episode } from '../../model/notification.ts';
import { firesBelow, type Rule, reaches, stepOf } from '../../model/rule.ts';
import type { GroupKey } from '../../model/series.ts';
import { spanAt } from '../../model/silence.ts';
import {
  dedupeEnd,
  dedupeKey,
  periodTogether,
  type Window,
  wholePeriod,
  windowOfRule,
} from '../../model/window.ts';
import type { Decision, Verdict } from '../../pipeline/decide.ts';
import type { Evaluation } from '../../pipeline/evaluate.ts';
import type { FixedLimits } from '../../rules/rule-type.ts';
import type { Told } from '../../state/told.ts';
import type { Outcome } from './answer.ts';

/** What was found of a rule at one instant. */
export interface Found {
  readonly rule: Rule;
  readonly zone: string;
  readonly at: number;
  readonly evaluation: Evaluation;
  readonly decision: Decision;
  /** As the ledger had them before. */
  readonly episodes: readonly Episode[];
}

/** What is known of one of its groups. */
export interface FoundGroup {
  readonly key: GroupKey;
  readonly variant?: string | undefined;
  /** Null where it was not judged. */
  readonly value: Sample | null;
  readonly calls: number;
  readonly limits: FixedLimits | null;
  /** The periods that it is compared with that have a value; null for rules that compare with none. */
  readonly periods: number | null;
  /** Since when the condition of a pending group holds. */
  readonly heldSince: number | null;
  /** What the whole calendar window before had; null for rolling windows. */
  readonly before: Sample | null;
  /** Told at the instant or before, the latest first. */
  readonly told: readonly Told[];
}

/** A calendar window has just begun until this part of it is over: the first hour of a day. */
const JUST_BEGUN = 24;

export function outcomeOf(found: Found, group: FoundGroup): Outcome {
  const { rule, at, evaluation, decision } = found;
  const id = groupId(group.key, group.variant);
  const verdict = decision.verdicts.find((one) => groupId(one.group, one.variant) === id);
  const firing = [...evaluation.judgement.firing, ...evaluation.pending].find(
    (one) => groupId(one.key, one.variant) === id,
  );
  if (verdict !== undefined && firing !== undefined) return firingOutcome(found, group, verdict, firing);
  const over = overOutcome(found, group, id);
  if (over !== null) return over;
  if (group.value === null) {
    if (group.calls > 0 && group.periods !== null) return { kind: 'short_history', periods: group.periods };
    return { kind: group.calls > 0 && evaluation.judgement.status !== 'no_data' ? 'not_judged' : 'no_data' };
  }
  const { limits, value } = group;
  if (limits?.steps.some(({ bound }) => reaches(limits.operator, value.fixed, bound)))
    return { kind: 'few_calls', calls: value.calls };
  return resetOutcome(rule, at, found.zone, group.before) ?? { kind: 'quiet' };
}

function firingOutcome(found: Found, group: FoundGroup, verdict: Verdict, firing: Firing): Outcome {
  const { rule, at, zone } = found;
  const since = sinceOf(found, firing);
  const { reason, silence } = verdict;
  if (reason === 'pending') {
    const held = group.heldSince ?? at;
    return { kind: 'pending', since: held, firesAt: held + rule.forMs };
  }
  if (silence !== null)
    return { kind: 'silenced', since, silence, until: spanAt(silence.times, at)?.until ?? at };
  if (reason === 'duplicate') {
    const told = toldNow(found, group.told);
    const step = topStep(firing);
    const counts = rule.growth !== null && !firesBelow(step.operator) && told !== null && told.value > 0n;
    return {
      kind: 'duplicate',
      since,
      told,
      until: rule.dedupe === 'episode' ? null : dedupeEnd(rule, at, zone),
      growsTo: counts ? (told.value * fixedFromNumber(rule.growth as number)) / ONE : null,
    };
  }
  return { kind: 'notify', reason: reason as Exclude<typeof reason, 'silenced'>, since };
}

/** What was told of the group in the dedupe period of the instant. */
function toldNow({ rule, at, zone }: Found, told: readonly Told[]): Told | null {
  const period = dedupeKey(rule, at, zone);
  if (period === null) return told[0] ?? null;
  return told.find((one) => periodTogether(one.period) === periodTogether(period)) ?? null;
}

/** The beginning of what fires, as this decision would record it. */
function sinceOf({ decision, episodes }: Found, firing: Firing): number | null {
  const id = groupId(firing.key, firing.variant);
  const step = stepOf(topStep(firing).severity);
  const isIt = (one: Episode): boolean => one.groupId === id && one.step === step;
  return (decision.episodes.begun.find(isIt) ?? episodes.find(isIt))?.since ?? null;
}

/** An alert that is over, or about to be. */
function overOutcome(found: Found, { told }: FoundGroup, id: string): Outcome | null {
  const { rule, decision, episodes, at } = found;
  const now = toldNow(found, told);
  const closing = decision.closings.find((one: Closing) => one.groupId === id);
  if (closing !== undefined)
    return { kind: 'resolved', how: closing.how, at: closing.at, overAt: null, told: now ?? told[0] ?? null };
  const open = [...decision.episodes.begun, ...episodes].find(
    ({ groupId: name, heldTo, since }) => name === id && heldTo !== null && since <= at,
  );
  if (open !== undefined && open.heldTo !== null) {
    const overAt = open.heldTo + rule.resolveAfterMs;
    return { kind: 'resolved', how: 'pausing', at: open.quietSince ?? at, overAt, told: now };
  }
  return now === null
    ? null
    : {
        kind: 'resolved',
        how: now.resolvedAt === null ? 'ended' : 'resolved',
        at: now.closedAt ?? now.resolvedAt,
        overAt: null,
        told: now,
      };
}

function resetOutcome(rule: Rule, at: number, zone: string, before: Sample | null): Outcome | null {
  const { window } = rule;
  if (window.kind !== 'calendar' || window.word === 'yesterday') return null;
  const { from, to }: Window = windowOfRule(rule, at, zone);
  const whole = wholePeriod(window, to, zone);
  return (to - from) * JUST_BEGUN <= whole.to - whole.from ? { kind: 'reset', began: from, before } : null;
}
