// The contract of those who show what a worker does: logs, metrics, a heartbeat.

import type { DeliveryReport } from '../pipeline/deliver.ts';
import type { PollReport } from '../pipeline/poll.ts';
import type { BackfillListener } from './backfill.ts';
import type { NotesListener } from './health-notes/watch.ts';
import type { ReportListener } from './reports/watch.ts';

/** Called at once when something happens; must not throw. */
export interface Observer extends BackfillListener, NotesListener, ReportListener {
  polled(report: PollReport, ms: number): void;
  delivered(report: DeliveryReport): void;
  /** The kept sums could not be used, so a poll read the audit table in full. Called each time. */
  bypassed(reason: string): void;
  /** Whether this worker polls (true), another does (false), or nobody knows (null). Called when it changes. */
  leads(leads: boolean | null): void;
  /** Something went wrong beside polls and deliveries, in words for people. */
  troubled(what: string): void;
}
