// Decides what is notified, and why not (pure).

import { type Firing, type ReachedStep, topStep } from '../model/finding.ts';
import { alertId } from '../model/fingerprint.ts';
import { groupedBy } from '../model/grouped-by.ts';
import { fixedFromNumber, ONE } from '../model/money.ts';
import type {
  Closing,
  Episode,
  EpisodeChanges,
  Notification,
  Notified,
  NotifyReason,
  Previous,
} from '../model/notification.ts';
import { firesBelow, type Rule, type Severity, type Silence, severityOf, stepOf } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import { periodTogether } from '../model/window.ts';
import { type Case, casesOf, type Found, type Sighting } from './cases.ts';
import { EpisodeTracker } from './episodes.ts';
import type { Evaluation } from './evaluate.ts';
import { beginningsNotified } from './notified-episodes.ts';

/** Why a finding is notified, or is not. */
export type VerdictReason = NotifyReason | 'duplicate' | 'silenced' | 'pending';

/** What was decided about one group in one dedupe period, as of the evaluation time at which it was worst. */
export interface Verdict {
  readonly reason: VerdictReason;
  readonly group: GroupKey;
  /** As in Reached. */
  readonly variant?: string | undefined;
  readonly severity: Severity;
  readonly at: number;
  /** The silence that matches it; null for every other reason. */
  readonly silence: Silence | null;
}

/** A finding that is to be notified. */
export interface AlertNotification extends Notification {
  /** The alert's id. */
  readonly id: string;
  readonly reason: NotifyReason;
  readonly firing: Firing;
  readonly severity: Severity;
  readonly ongoing: boolean;
  readonly previous: Previous | null;
}

export interface Decision {
  /** Oldest period first; pending ones come last. */
  readonly verdicts: readonly Verdict[];
  /** The notifications that go out together: one list per dedupe period, oldest first; with `dedupe: episode` one list. */
  readonly notifications: readonly (readonly AlertNotification[])[];
  readonly episodes: EpisodeChanges;
  /** The groups whose alert is over, whether it was notified or not. */
  readonly closings: readonly Closing[];
}

/** All that is known about one rule when its findings are decided. */
export interface Situation extends Found {
  readonly fingerprint: string;
  /** Of every group that fires: its notifications from the first evaluation time on, and the last one before it. */
  readonly notified: readonly Notified[];
  /** The open episodes of the whole rule, as the ledger has them. */
  readonly episodes: readonly Episode[];
  /** The evaluation time up to which the ledger has followed the episodes; null unless it lies before the first one here. */
  readonly knownTo: number | null;
  /** The episodes of `unknownBeginnings`, computed from the data. */
  readonly computed: readonly Episode[];
  /** The time of the newest row of the store, ms; null where it has none. */
  readonly newestRow: number | null;
}

/**
 * Decides which findings of one rule are notified (docs/rules.md, "Deduplication" and "Missed polls"). The ledger has the
 * last word: it drops a notification that another process has recorded meanwhile.
 */
export function decide(situation: Situation): Decision {
  const { rule, evaluations, episodes, computed } = situation;
  if (isUneventful(evaluations, episodes)) return NOTHING_TO_NOTIFY;
  const notified = groupedBy(situation.notified, ({ groupId }) => groupId);
  const tracker = new EpisodeTracker({
    rule,
    zone: situation.zone,
    newestRow: situation.newestRow,
    first: evaluations[0]?.at ?? 0,
    knownTo: situation.knownTo,
    recorded: episodes,
    computed,
    notified: rule.dedupe === 'episode' ? beginningsNotified(situation.notified) : new Map(),
  });
  const notifications = new Map<string, AlertNotification[]>();
  const verdicts: Verdict[] = [];
  for (const one of casesOf(situation, tracker)) {
    const history = notified.get(one.worst.id) ?? [];
    const decided = decideCase(situation, one, history);
    verdicts.push(verdictOn(one.worst, decided));
    if (typeof decided !== 'object' || !('firing' in decided)) continue;
    const others = history.filter(({ period }) => period !== decided.period);
    notified.set(decided.groupId, [...others, { ...decided, isResolved: false }]);
    const together = periodTogether(decided.period);
    const list = notifications.get(together);
    if (list === undefined) notifications.set(together, [decided]);
    else list.push(decided);
  }
  return {
    verdicts: [...verdicts, ...pendingVerdicts(evaluations.at(-1))],
    notifications: [...notifications.values()],
    episodes: tracker.changes(),
    closings: tracker.closings(),
  };
}

/** The decision for most rules at most polls. */
export const NOTHING_TO_NOTIFY: Decision = {
  verdicts: [],
  notifications: [],
  episodes: { begun: [], ended: [] },
  closings: [],
};

/** Whether nothing fires and no episode is open. Then there is nothing to decide. */
export function isUneventful(evaluations: readonly Evaluation[], episodes: readonly Episode[]): boolean {
  return episodes.length === 0 && evaluations.every(isQuiet);
}

function isQuiet({ judgement, pending }: Evaluation): boolean {
  return judgement.firing.length + pending.length === 0;
}

function decideCase(
  situation: Situation,
  one: Case,
  history: readonly Notified[],
): AlertNotification | Silence | 'duplicate' {
  if (one.silence !== null) return one.silence;
  const { worst, largest } = one;
  const now = history.find(({ period }) => period === worst.period);
  const notify = (sighting: Sighting, reason: NotifyReason): AlertNotification =>
    notificationOf(situation, sighting, reason, history);
  if (now === undefined) return notify(worst, isOngoing(worst, history) ? 'ongoing' : 'new');
  if (now.isResolved) return notify(worst, 'reopened');
  if (stepOf(worst.step.severity) > now.step) return notify(worst, 'escalated');
  if (hasGrown(largest, growthOf(situation.rule, largest.step), now)) return notify(largest, 'grown');
  return 'duplicate';
}

function notificationOf(
  { rule, fingerprint }: Situation,
  sighting: Sighting,
  reason: NotifyReason,
  history: readonly Notified[],
): AlertNotification {
  const { id, period, firing, step, at, since } = sighting;
  const { severity } = step;
  return {
    id: alertId(fingerprint, id, period, severity),
    reason,
    groupId: id,
    group: firing.key,
    period,
    step: stepOf(severity),
    value: firing.value.fixed,
    growth: growthOf(rule, step),
    at,
    since,
    firing,
    severity,
    ongoing: isOngoing(sighting, history),
    previous: reason === 'new' ? null : previousOf(history),
  };
}

function previousOf(history: readonly Notified[]): Previous | null {
  const last = latestOf(history);
  return last === null ? null : { value: last.value, severity: severityOf(last.step), at: last.at };
}

function latestOf(history: readonly Notified[]): Notified | null {
  return history.reduce<Notified | null>((a, b) => (a === null || b.at > a.at ? b : a), null);
}

function verdictOn(worst: Sighting, decided: AlertNotification | Silence | 'duplicate'): Verdict {
  const isNotified = typeof decided === 'object' && 'firing' in decided;
  const { at, severity } = isNotified ? decided : { at: worst.at, severity: worst.step.severity };
  const reason = decided === 'duplicate' ? decided : isNotified ? decided.reason : 'silenced';
  const silence = typeof decided === 'object' && !isNotified ? decided : null;
  const { key: group, variant } = worst.firing;
  return { reason, group, variant, severity, at, silence };
}

function pendingVerdicts(newest: Evaluation | undefined): Verdict[] {
  return (newest?.pending ?? []).map((firing) => ({
    reason: 'pending',
    group: firing.key,
    variant: firing.variant,
    severity: topStep(firing).severity,
    at: newest?.at ?? 0,
    silence: null,
  }));
}

/** Whether the group was notified in an earlier period at this step or a higher one, and has held since. */
function isOngoing({ period, step, at, since }: Sighting, history: readonly Notified[]): boolean {
  const earlier = history.filter((notified) => notified.period !== period && notified.at < at);
  const last = latestOf(earlier);
  return last !== null && last.step >= stepOf(step.severity) && since <= last.at;
}

function hasGrown(sighting: Sighting, growth: number | null, last: Notified): boolean {
  if (growth === null || last.value <= 0n) return false;
  return sighting.firing.value.fixed * ONE >= fixedFromNumber(growth) * last.value;
}

/** Growth is notified only where higher values are worse. */
function growthOf(rule: Rule, { operator }: ReachedStep): number | null {
  return firesBelow(operator) ? null : rule.growth;
}
