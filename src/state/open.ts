// The state store: everything in this folder behind one interface.

import type { Notification, Notified } from '../model/notification.ts';
import type { QuietPeriod } from '../model/report.ts';
import type { Silence } from '../model/rule.ts';
import type { Window } from '../model/window.ts';
import type { Sql } from '../sql/port.ts';
import { type AggregateBuckets, openAggregateBuckets } from './aggregate-buckets.ts';
import { readAlerts } from './alert-rows.ts';
import type { StoredDelivery } from './delivery-rows.ts';
import { type DayCount, readQuietPeriod, writeEvaluationCounts } from './evaluation-count.ts';
import { type Candidate, hold, type Lease, release } from './leader.ts';
import { type LedgerQuestion, type RuleState, readNotified, readRuleStates } from './ledger.ts';
import { isCurrent, migrate } from './migrate.ts';
import { type Claimed, claim, queueLengths, type Settlement, settle } from './outbox.ts';
import { type PastIncident, readIncidentsIn } from './past-incidents.ts';
import { prune } from './prune.ts';
import { type ClaimTerms, claimRateLimited, type SlotTaken } from './rate-limit-slot.ts';
import { type HistoryQuestion, type PastDelivery, readHistory } from './read-history.ts';
import {
  type IncidentQuestion,
  type IncidentsOfAlerts,
  readAlertsOf,
  readIncidentsToJoin,
} from './read-incidents.ts';
import { type FiringNow, type OpenIncidentRow, readFiring, readOpenIncidents } from './read-open.ts';
import { type Recorded, type Recording, type RecordOptions, record } from './record.ts';
import type { RuleFile } from './removed-rules.ts';
import { readSilences } from './silences.ts';
import {
  type ComposeReports,
  type Orphans,
  type OrphanTerms,
  reportOrphans,
  reportOverdue,
} from './undelivered.ts';
import { readWatermarks } from './watermarks.ts';

/** The deliveries that are still to be sent. */
export interface Outbox {
  claim(channel: string, now: number, leaseMs: number, except?: readonly string[]): Promise<Claimed | null>;
  /** For a channel whose receiver limits the rate: one send at a time among all processes, `spacingMs` apart. */
  claimRateLimited(
    channel: string,
    spacingMs: number,
    terms: ClaimTerms,
  ): Promise<Claimed | SlotTaken | null>;
  settle(claimed: Pick<Claimed, 'id' | 'token'>, settlement: Settlement, now: number): Promise<boolean>;
  reportOverdue(
    channels: readonly string[],
    now: number,
    checkingSince: number,
    compose: ComposeReports,
  ): Promise<StoredDelivery[]>;
  reportOrphans(terms: OrphanTerms, compose: ComposeReports): Promise<Orphans>;
  queueLengths(): Promise<Map<string, number>>;
}

/** What reports say of the past. */
export interface ReportReader {
  /** The incidents of a file that were open in a window. */
  readIncidentsIn(file: RuleFile, window: Window): Promise<PastIncident[]>;
  /** What was counted in a window of whole days in which nothing of a file fired; null where something did, or nothing was. */
  readQuietPeriod(file: RuleFile, window: Window): Promise<QuietPeriod | null>;
}

/** The ledger and the outbox. Every method throws the port's AppError when the store is unreachable. */
export interface State extends Outbox, ReportReader {
  readWatermarks(fingerprints: readonly string[]): Promise<Map<string, number>>;
  /** The silences that people added by command and that hold at some instant of [from, to]. */
  readSilences(from: number, to: number): Promise<Silence[]>;
  readRuleStates(fingerprints: readonly string[]): Promise<Map<string, RuleState>>;
  /** What is kept of alerts that were notified and hold, by `fingerprint/groupId`. */
  readAlerts(
    asked: readonly { readonly fingerprint: string; readonly groupId: string }[],
  ): Promise<Map<string, string>>;
  /** The alerts of some incidents. */
  readAlertsOf(incidents: readonly string[]): Promise<IncidentsOfAlerts>;
  readIncidentsToJoin(asked: readonly IncidentQuestion[]): Promise<(string | null)[]>;
  readNotified(questions: readonly LedgerQuestion[]): Promise<Map<string, Notified[]>>;
  record<S extends Notification>(
    recordings: readonly Recording<S>[],
    now: number,
    options?: RecordOptions<S>,
  ): Promise<Recorded>;
  /** Takes or renews the lease to poll, unless another worker holds it. */
  hold(candidate: Candidate, leaseMs: number): Promise<Lease>;
  release(candidate: Candidate): Promise<void>;
  /** Writes how often the rules of a file were evaluated; `counter` is the worker's own. */
  writeEvaluationCounts(file: string, counter: string, days: readonly DayCount[]): Promise<void>;
  prune(now: number): Promise<void>;
  /** For the API: each in one read-only snapshot whose statements take at most `limitMs`. */
  readFiring(
    fingerprints: readonly string[],
    options: { readonly now: number; readonly most: number; readonly limitMs: number },
  ): Promise<FiringNow>;
  readOpenIncidents(limitMs: number): Promise<OpenIncidentRow[]>;
  readHistory(
    question: HistoryQuestion,
    take: (delivery: PastDelivery) => boolean,
    limitMs: number,
  ): Promise<void>;
  /** The stored buckets of an aggregate; `basis` names what they depend on beside the rows. */
  aggregateBuckets(basis: string): AggregateBuckets;
}

/** What decisions are made from. */
export type StateReader = Pick<
  State,
  'readSilences' | 'readRuleStates' | 'readNotified' | 'readAlertsOf' | 'readIncidentsToJoin'
>;

/** Reads a state whose schema is up to date, and changes nothing. */
export function stateReader(sql: Sql): StateReader {
  return {
    readSilences: (from, to) => readSilences(sql, from, to),
    readRuleStates: (fingerprints) => readRuleStates(sql, fingerprints),
    readNotified: (questions) => readNotified(sql, questions),
    readAlertsOf: (incidents) => readAlertsOf(sql, incidents),
    readIncidentsToJoin: (asked) => readIncidentsToJoin(sql, asked),
  };
}

/** Reads a state whose schema is up to date, and changes nothing. */
export function reportReader(sql: Sql): ReportReader {
  return {
    readIncidentsIn: (file, window) => readIncidentsIn(sql, file, window),
    readQuietPeriod: (file, window) => readQuietPeriod(sql, file, window),
  };
}

/** Brings the schema up to date and opens the state in it. The caller keeps the port and closes it. */
export async function openState(sql: Sql): Promise<State> {
  await migrate(sql);
  return {
    ...stateReader(sql),
    ...reportReader(sql),
    readWatermarks: (fingerprints) => readWatermarks(sql, fingerprints),
    readAlerts: (asked) => readAlerts(sql, asked),
    record: (recordings, now, options) => record(sql, recordings, now, options),
    hold: (candidate, leaseMs) => hold(sql, candidate, leaseMs),
    release: (candidate) => release(sql, candidate),
    writeEvaluationCounts: (file, counter, days) => writeEvaluationCounts(sql, file, counter, days),
    prune: (now) => prune(sql, now),
    readFiring: (fingerprints, options) => readFiring(sql, fingerprints, options),
    readOpenIncidents: (limitMs) => readOpenIncidents(sql, limitMs),
    readHistory: (question, take, limitMs) =>
      sql.transaction({ readOnly: true, statementTimeoutMs: limitMs }, (session) =>
        readHistory(session, question, take),
      ),
    aggregateBuckets: (basis) => openAggregateBuckets(sql, basis),
    claim: (channel, now, leaseMs, except) => claim(sql, channel, now, leaseMs, except),
    claimRateLimited: (channel, spacingMs, terms) => claimRateLimited(sql, channel, spacingMs, terms),
    settle: (claimed, settlement, now) => settle(sql, claimed, settlement, now),
    reportOverdue: (channels, now, checkingSince, compose) =>
      reportOverdue(sql, channels, now, checkingSince, compose),
    reportOrphans: (terms, compose) => reportOrphans(sql, terms, compose),
    queueLengths: () => queueLengths(sql),
  };
}

/** Sums that a worker keeps. */
export interface KeptSums {
  readonly buckets: AggregateBuckets;
  /** As in AggregateWatermark. */
  readonly reconciledAt: number | null;
}

/** The sums that a worker keeps, for reading only; null where there are none that this program understands. */
export async function readKeptSums(sql: Sql, basis: string): Promise<KeptSums | null> {
  if (!(await isCurrent(sql))) return null;
  const buckets = openAggregateBuckets(sql, basis);
  const watermark = await buckets.watermark();
  return watermark === null ? null : { buckets, reconciledAt: watermark.reconciledAt };
}
