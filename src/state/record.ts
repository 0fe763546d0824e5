// Records what a poll decided, in one transaction.

import type { NewDelivery } from '../model/delivery.ts';
import { AppError, asAppError } from '../model/errors.ts';
import type { Closing, EpisodeChanges, Notification } from '../model/notification.ts';
import type { Sql, SqlSession } from '../sql/port.ts';
import { markResolved, reopenAlerts, writeJoining } from './alert-rows.ts';
import { insertDeliveries } from './delivery-rows.ts';
import { lockIncidents, recordIncidents, removeReplaced } from './incidents.ts';
import { type Candidate, ensureHeld } from './leader.ts';
import { writeEpisodes, writeNotifications } from './notification-rows.ts';
import type {
  ClosedAlert,
  JoiningAlert,
  RecordedIncidents,
  SilencedGroup,
  ToldAlert,
} from './recorded-incidents.ts';
import { alertsOfRemovedRules, forgetEpisodes, type RuleFile } from './removed-rules.ts';
import { isForward, type Raise, raiseWatermarks } from './watermarks.ts';

/** Notifications that go out together. */
export interface NotificationBatch<S extends Notification = Notification> {
  readonly notifications: readonly S[];
  /**
   * Makes the deliveries of those that no other process has recorded meanwhile, at least one. Called inside the transaction:
   * it must be fast and have no side effects. Alerts have none here, because they are told together (IncidentPlan).
   */
  compose?(won: readonly S[]): readonly NewDelivery[];
}

/** How the alerts of a poll are told. */
export interface IncidentPlan<S extends Notification = Notification> {
  /** The file whose rules are evaluated. */
  readonly file: RuleFile;
  /** The end of an alert whose rule the file does not have any more. */
  endOf(alert: { readonly groupId: string; readonly editedStep: number | null }): AlertEnd;
  /** What the incident of a notification needs. */
  toldOf(fingerprint: string, notification: S): Pick<ToldAlert, 'subject' | 'told'>;
  /** Makes the deliveries, inside the transaction: it must be fast and have no side effects. */
  compose(recorded: RecordedIncidents<S>): Composed;
}

export interface Composed {
  readonly deliveries: readonly NewDelivery[];
  /** The alerts whose end these tell: when they fire again, that is news. */
  readonly endsTold: readonly ClosedAlert[];
}

export interface RecordOptions<S extends Notification = Notification> {
  /** The worker that polls: nothing is recorded when another one has taken its lease (AppError `lease_lost`). */
  readonly leader?: Candidate | null;
  /** Absent where the recordings are not about alerts. */
  readonly incidents?: IncidentPlan<S>;
}

/** A group whose alert is over, with what the message at the end of the incident needs: JSON text. */
export type AlertEnd = Closing & { readonly ended: string };

/** What was decided about one rule, or about spendwatch itself. */
export interface Recording<S extends Notification = Notification> {
  readonly fingerprint: string;
  readonly rule: string | null;
  /** The watermark as it was read, and the evaluation time to raise it to; null leaves it alone. */
  readonly watermark: { readonly before: number | null; readonly at: number } | null;
  readonly episodes: EpisodeChanges;
  readonly closings?: readonly AlertEnd[];
  /** Groups that fire and are silenced now. */
  readonly silenced?: readonly Omit<SilencedGroup, 'fingerprint'>[];
  /** Alerts that join an incident and are not notified. */
  readonly joining?: readonly Omit<JoiningAlert, 'fingerprint'>[];
  readonly batches: readonly NotificationBatch<S>[];
}

export interface Recorded {
  readonly queued: readonly NewDelivery[];
  /**
   * Fingerprints whose watermark another process has moved since it was read: nothing was recorded for them. The decision
   * may rest on an old state, so read the ledger again, leave out the evaluation times that are done, and decide again.
   */
  readonly overtaken: readonly string[];
  /** By fingerprint, why a rule was not recorded while the others were; for example, its message could not be made. */
  readonly failed: ReadonlyMap<string, AppError>;
}

/**
 * Records what was decided in one transaction: notifications, deliveries, episodes and watermarks. Nothing is sent before it
 * is committed here. A conditional upsert lets each (rule, group, period) through once per step or growth, however many
 * processes try at the same time. A fault in recording one rule fails that rule alone. Throws when the state store is
 * unreachable, and when messages about spendwatch itself cannot be recorded.
 */
export async function record<S extends Notification>(
  sql: Sql,
  recordings: readonly Recording<S>[],
  now: number,
  options: RecordOptions<S> = {},
): Promise<Recorded> {
  const inOrder = [...recordings].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  if (inOrder.length === 0 && options.incidents === undefined)
    return { queued: [], overtaken: [], failed: new Map() };
  try {
    return await recordTogether(sql, inOrder, now, options);
  } catch (error) {
    if (!isOfOneRule(error) || inOrder.some(({ rule }) => rule === null)) throw error;
    return recordEach(sql, inOrder, now, options);
  }
}

/** Whether the fault lies in one rule's data or in the program, so that other rules may be recorded. */
function isOfOneRule(error: unknown): boolean {
  return !(error instanceof AppError) || error.code === 'store_query_failed';
}

/** Records each rule in a transaction of its own, after one of them failed the transaction for all. */
async function recordEach<S extends Notification>(
  sql: Sql,
  recordings: readonly Recording<S>[],
  now: number,
  options: RecordOptions<S>,
): Promise<Recorded> {
  const queued: NewDelivery[] = [];
  const overtaken: string[] = [];
  const failed = new Map<string, AppError>();
  let fault: AppError | null = null;
  for (const recording of recordings) {
    try {
      if (fault !== null) throw fault;
      const recorded = await recordTogether(sql, [recording], now, options);
      for (const delivery of recorded.queued) queued.push(delivery);
      for (const fingerprint of recorded.overtaken) overtaken.push(fingerprint);
    } catch (error) {
      // The rules recorded so far stay recorded, whatever happens to the rest, so the report must include them.
      failed.set(recording.fingerprint, asAppError(error, 'rule_failed'));
      if (!isOfOneRule(error)) fault = asAppError(error, 'rule_failed');
    }
  }
  return { queued, overtaken, failed };
}

function recordTogether<S extends Notification>(
  sql: Sql,
  inOrder: readonly Recording<S>[],
  now: number,
  options: RecordOptions<S>,
): Promise<Recorded> {
  return sql.transaction({}, async (session) => {
    const { leader = null, incidents } = options;
    if (leader !== null) await ensureHeld(session, leader);
    const raised = await raiseWatermarks(session, raisesOf(inOrder), now);
    const current = inOrder.filter(
      ({ watermark, fingerprint }) => watermark === null || raised.has(fingerprint),
    );
    if (incidents !== undefined && current.some(isEventful)) await lockIncidents(session);
    const won = await writeNotifications(
      session,
      current.map(({ fingerprint, rule, batches }) => ({
        fingerprint,
        rule,
        notifications: batches.flatMap(({ notifications }) => notifications),
      })),
    );
    const queued = current.flatMap(({ batches }) =>
      batches.flatMap((batch) => {
        const through = batch.notifications.filter((notification) => won.has(notification));
        return through.length === 0 ? [] : (batch.compose?.(through) ?? []);
      }),
    );
    if (incidents !== undefined) {
      for (const delivery of await told(session, current, won, incidents, { leader, now }))
        queued.push(delivery);
    }
    await insertDeliveries(session, queued, now);
    await removeReplaced(
      session,
      queued.flatMap(({ news }) => news?.replaces ?? []),
    );
    await writeEpisodes(
      session,
      current.filter(({ watermark }) => watermark === null || isForward(watermark, now)),
    );
    const recorded = new Set(current);
    return {
      queued,
      overtaken: inOrder.filter((one) => !recorded.has(one)).map(({ fingerprint }) => fingerprint),
      failed: new Map(),
    };
  });
}

/** Whether a recording can change alerts or incidents. */
function isEventful({ batches, episodes, closings = [], joining = [] }: Recording): boolean {
  return batches.length + episodes.begun.length + closings.length + joining.length > 0;
}

/** Records the incidents of what went through and of what is over, and makes the deliveries about them. */
async function told<S extends Notification>(
  session: SqlSession,
  current: readonly Recording<S>[],
  won: ReadonlySet<Notification>,
  { file, endOf, toldOf, compose }: IncidentPlan<S>,
  { leader, now }: { readonly leader: Candidate | null; readonly now: number },
): Promise<readonly NewDelivery[]> {
  const alerts = current.flatMap(({ fingerprint, batches }) =>
    batches
      .flatMap(({ notifications }) => notifications)
      .filter((notification) => won.has(notification))
      .map((notification) => ({ fingerprint, notification, ...toldOf(fingerprint, notification) })),
  );
  const removed = await alertsOfRemovedRules(session, file, leader?.token ?? null, now);
  const closings = [
    ...current.flatMap(({ fingerprint, closings = [] }) =>
      closings.map((closing) => ({ ...closing, fingerprint })),
    ),
    ...removed.map(({ fingerprint, ...alert }) => ({ ...endOf(alert), fingerprint })),
  ];
  const joining = current.flatMap(({ fingerprint, joining = [] }) =>
    joining.map((one) => ({ ...one, fingerprint })),
  );
  const silenced = current.flatMap(({ fingerprint, silenced = [] }) =>
    silenced.map((one) => ({ ...one, fingerprint })),
  );
  await reopenAlerts(
    session,
    current.flatMap(({ fingerprint, episodes: { begun } }) =>
      begun.flatMap(({ groupId, heldTo }) => (heldTo === null ? [{ fingerprint, groupId }] : [])),
    ),
  );
  if (alerts.length + closings.length + joining.length + silenced.length === 0) return [];
  await writeJoining(session, file.id, joining);
  const { deliveries, endsTold } = compose(
    await recordIncidents(session, file.id, alerts, closings, silenced),
  );
  await forgetEpisodes(session, removed);
  await markResolved(session, endsTold);
  return deliveries;
}

function raisesOf(recordings: readonly Recording[]): Raise[] {
  return recordings.flatMap(({ fingerprint, rule, watermark }) =>
    watermark === null ? [] : [{ fingerprint, rule: rule ?? '', ...watermark }],
  );
}
