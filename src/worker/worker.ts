// A worker of one configuration: it delivers, and polls while it leads, until it is stopped.

import type { App } from '../app.ts';
import { fileId } from '../config/file-id.ts';
import { hasGoneBy } from '../model/period.ts';
import { limited, withLimit } from '../model/time-limit.ts';
import type { PollReport } from '../pipeline/poll.ts';
import { type LatestPoll, latestPollOf } from './api/latest-poll.ts';
import { openBackfill } from './backfill.ts';
import { type EvaluationCounter, openEvaluationCounter } from './evaluation-counter.ts';
import { HEALTH_NOTES } from './health-notes/index.ts';
import { openHealthNotes } from './health-notes/watch.ts';
import { type HeldDeliverer, heldDeliverer } from './held-deliverer.ts';
import { type HeldSums, heldSums } from './held-sums.ts';
import { type Leadership, openLeadership } from './leadership.ts';
import type { Observer } from './observer.ts';
import type { OutageNotifier } from './outage-notifier.ts';
import { openOutageWatch } from './outage-watch.ts';
import { pollOnce } from './poll-once.ts';
import { leaderNotReady, type StateAnswers, whyNotReady } from './readiness.ts';
import { reportMaker } from './reports/make.ts';
import { openReportWatch } from './reports/watch.ts';
import { type Scheduler, startScheduler } from './scheduler.ts';

export interface Worker {
  /** Why it is not ready, or null. Resolves within seconds, whatever the stores do. */
  notReady(): Promise<string | null>;
  /** What its latest poll found; null before the first one, and while another worker polls. */
  latestPoll(): LatestPoll | null;
  /** Whether it polls; null while nobody knows. */
  leads(): boolean | null;
  /** How many deliveries wait, by channel. Rejects within seconds if the state store does not answer. */
  queueLengths(): Promise<ReadonlyMap<string, number>>;
  /**
   * Begins nothing new, gives sends under way `graceMs`, and resolves when all has ended. The lease to poll stays with the
   * process (`token`) for the worker that follows. Give it back when none follows: then another process takes over at once.
   */
  stop(graceMs: number, options?: { readonly givesLeaseBack: boolean }): Promise<void>;
  /**
   * Begins nothing new, and resolves when the next worker of this process may begin, so that their polls do not overlap.
   * `sent` resolves when sends under way have ended in their own time limit and are settled. It never rejects, and `stop`
   * may still cut it short.
   */
  handOver(): Promise<{ readonly sent: Promise<void> }>;
}

/** What a process keeps from one worker to the next. */
export interface Kept {
  /** Identifies the process, so that a reload keeps the lease to poll. */
  readonly token: string;
  /** Ids of the deliveries that its workers have in hand. */
  readonly inHand: Set<string>;
  readonly outages: OutageNotifier;
}

const DAY = 86_400_000;
/** Probes and scrapers wait about this long. A store that is silent for longer may stay so for a minute. */
const ANSWER_MS = 3_000;
/** A worker that stops waits about this long until what it counted is written. */
const LAST_WRITE_MS = 1_000;

/** Reports wait this long at most for the deliveries of a poll. */
const ALERTS_FIRST_MS = 5_000;

/** What a worker knows of its polls. */
interface PollState {
  /** The evaluation time of the last good poll, ms. */
  lastGood: number | null;
  /** Why the last poll failed; null after a good one. */
  lastError: string | null;
  /** For the API; null where that is off. */
  latest: LatestPoll | null;
  prunedAt: number;
}

/**
 * Delivers for one opened configuration, and polls while it leads, until it is stopped. Faults are reported, and never
 * end it.
 */
export function startWorker(app: App, kept: Kept, observer: Observer): Worker {
  const polls: PollState = {
    lastGood: null,
    lastError: 'no poll has ended yet',
    latest: null,
    prunedAt: Number.NEGATIVE_INFINITY,
  };
  const sums = heldSums(app, observer);
  const outages = openOutageWatch(app, kept.outages, (what) => observer.troubled(what));
  const counter = openEvaluationCounter(
    app.state,
    { file: fileId(app.config), zone: app.config.timezone },
    app.now,
    (what) => observer.troubled(what),
  );
  const notes = openHealthNotes(app, HEALTH_NOTES, observer, app.now);
  const deliveries = heldDeliverer(app, kept, observer);
  const leadership = openLeadership(app, kept.token, {
    changed(leads) {
      observer.leads(leads);
      if (leads !== false) return;
      standBy(polls, sums, kept.outages);
      void writeCounts(counter);
    },
    takenOver: () => scheduler.pollLatest(),
  });
  const backfill =
    sums === null ? null : openBackfill(sums.open, () => leadership.leads() !== false, observer, app.now);

  const openSource =
    sums === null || backfill === null
      ? null
      : async () => ({ ...(await sums.open()).source, backfill: backfill.runWithin });

  const readFrom = sums === null ? null : async () => (await sums.open()).source;
  const reports = openReportWatch(
    app,
    reportMaker(app, () => writeCounts(counter), readFrom),
    observer,
  );

  const pollAs = async (at: number): Promise<void> => {
    const begun = performance.now();
    const report = await pollOnce(app, leadership, openSource, at);
    if (report === null) return;
    observer.polled(report, performance.now() - begun);
    remember(polls, report, app);
    counter.polled(report);
    await outages.polled(report);
    // One rule that fails keeps no health message about the data from being looked for.
    if (report.error === null || report.newestRow !== null) notes.polled(at, report.newestRow);
    void delivered(report, deliveries).then(reports.polled);
    await pruneDaily(app, polls);
    void backfill?.run();
  };

  const scheduler = startScheduler({ poll: pollAs, deliver: deliveries.deliver }, app.schedule, app.now);
  const endPolls = (): Promise<void> => {
    backfill?.stop();
    notes.stop();
    reports.stop();
    return scheduler.stop().then(() => writeCounts(counter));
  };
  return workerOf(app, polls, leadership, deliveries, endPolls);
}

/** The parts of a worker that people and processes ask for. */
function workerOf(
  app: App,
  polls: PollState,
  leadership: Leadership,
  deliveries: HeldDeliverer,
  endPolls: Scheduler['stop'],
): Worker {
  const answers: StateAnswers & Pick<Worker, 'queueLengths'> = {
    queueLengths: limited(async () => (await app.state()).queueLengths(), ANSWER_MS),
    leaderNotReady: limited(() => leaderNotReady(app, app.now()), ANSWER_MS),
  };
  return {
    latestPoll: () => polls.latest,
    leads: leadership.leads,
    queueLengths: answers.queueLengths,
    notReady: () => whyNotReady(app.schedule, { leads: leadership.leads(), ...polls }, answers),
    async stop(graceMs, { givesLeaseBack } = { givesLeaseBack: false }) {
      const polled = endPolls();
      const sent = deliveries.stop(graceMs);
      await polled;
      if (givesLeaseBack) await leadership.resign();
      await sent;
      await leadership.stop();
    },
    async handOver() {
      const polled = endPolls();
      const sent = deliveries.stop(null);
      await polled;
      await leadership.stop();
      return { sent };
    },
  };
}

function remember(polls: PollState, report: PollReport, { config: { http, rules } }: App): void {
  const { at, error } = report;
  if (error === null) polls.lastGood = at;
  polls.lastError = error?.message ?? null;
  if (http !== null) polls.latest = latestPollOf(report, rules);
}

/** Resolves when what a poll queued is sent, or after a while: in an embedded store it would wait for what a report asks. Never rejects. */
async function delivered({ queued }: PollReport, deliveries: HeldDeliverer): Promise<void> {
  if (queued.length > 0) await withLimit(deliveries.deliver(), ALERTS_FIRST_MS).catch(() => undefined);
}

/** Never rejects. What cannot be written just now is written later, or lost with the process. */
function writeCounts(counter: EvaluationCounter): Promise<void> {
  return withLimit(counter.write(), LAST_WRITE_MS).catch(() => undefined);
}

/** Another worker polls now: it sees changed and deleted rows, and tells people of outages. */
function standBy(polls: PollState, sums: HeldSums | null, outages: OutageNotifier): void {
  polls.latest = null;
  sums?.forget();
  outages.standBy();
}

async function pruneDaily(app: App, polls: PollState): Promise<void> {
  if (!hasGoneBy(DAY, polls.prunedAt, app.now())) return;
  try {
    await (await app.state()).prune(app.now());
    polls.prunedAt = app.now();
  } catch {
    // Tried again after the next poll. A poll that cannot reach the state store reports that itself.
  }
}
