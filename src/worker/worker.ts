// Delivers, and polls while it leads, until it is stopped.

import type { App } from '../app.ts';
import { asAppError } from '../model/errors.ts';
import { hasGoneBy } from '../model/period.ts';
import type { Deliverer, DeliveryReport } from '../pipeline/deliver.ts';
import { type PollReport, poll } from '../pipeline/poll.ts';
import type { State } from '../state/open.ts';
import { type BuildListener, openCellBuilder } from './backfill.ts';
import { openDeliverer } from './deliverer.ts';
import { HEALTH_NOTES } from './health-notes/index.ts';
import { type NotesListener, openHealthNotes } from './health-notes/watch.ts';
import { type Leadership, openLeadership } from './leadership.ts';
import { openRollupKeeper, type RollupKeeper } from './live-sums.ts';
import type { HealthWatch } from './outage-notifier.ts';
import { openSight } from './outage-watch.ts';
import { leaderNotReady, whyNotReady } from './readiness.ts';
import { startScheduler } from './scheduler.ts';
import { promptly } from './time-limit.ts';

/** Where what happens is shown: logs, metrics, a heartbeat. Called at once; must not throw. */
export interface Observer extends BuildListener, NotesListener {
  polled(report: PollReport, ms: number): void;
  delivered(report: DeliveryReport): void;
  /** Cells could not be used, and the store was asked for all of the past instead; called each time. */
  bypassed(reason: string): void;
  /** Whether this worker polls, or another (false), or nobody knows (null). Called when it changes. */
  leads(leads: boolean | null): void;
  /** Something went wrong beside polls and deliveries, in words for people. */
  troubled(what: string): void;
}

export interface Worker {
  /** Why it is not ready, or null. Resolves within seconds, whatever the stores do. */
  notReady(): Promise<string | null>;
  /** How many deliveries wait, by channel. Rejects within seconds where the state store does not say. */
  queueLengths(): Promise<ReadonlyMap<string, number>>;
  /**
   * Begins nothing new, gives sends in hand `graceMs`, and resolves when all has ended. The lease to poll stays with the
   * process (`token`) for the worker that follows, unless it is given back: then another process takes over at once.
   */
  stop(graceMs: number, options?: { readonly givesLeaseBack: boolean }): Promise<void>;
  /**
   * Begins nothing new, and resolves when the worker that follows in this process may begin, whose polls and leadership do
   * not overlap. `sent` resolves when sends in hand have ended in their own time limit and are written down; it never
   * rejects, and `stop` may still cut it short.
   */
  handOver(): Promise<{ readonly sent: Promise<void> }>;
}

/** What a process keeps while files come and go. */
export interface Kept {
  /** Its own, so that a reload keeps the lease to poll. */
  readonly token: string;
  /** Ids of the deliveries that its workers have in hand. */
  readonly inHand: Set<string>;
  readonly health: HealthWatch;
}

const DAY = 86_400_000;
/** Probes and scrapers wait about this long; a store that is silent for longer may be so for a minute. */
const ANSWER_MS = 3_000;

/**
 * Delivers for one opened configuration, and polls while it leads, until it is stopped. Faults are reported, and never
 * end it.
 */
export function startWorker(app: App, { token, inHand, health }: Kept, observer: Observer): Worker {
  const sight = openSight(app, health, (what) => observer.troubled(what));
  const notes = openHealthNotes(app, HEALTH_NOTES, observer, Date.now);
  const queueLengths = promptly(async () => (await app.state()).queueLengths(), ANSWER_MS);
  const stateAnswers = {
    queueLengths,
    leaderNotReady: promptly(() => leaderNotReady(app, Date.now()), ANSWER_MS),
  };
  let lastGood: number | null = null;
  let lastError: string | null = 'no poll has ended yet';
  let prunedAt = Number.NEGATIVE_INFINITY;
  let opening: Promise<Deliverer> | null = null;

  const rollup = rollupOf(app, observer);
  const cells =
    rollup === null ? null : openCellBuilder(rollup.open, () => leadership.leads() !== false, observer);

  const pollNow = async (at: number): Promise<void> => {
    const begun = performance.now();
    const report = await polled(app, leadership, rollup, at);
    if (report === null) return;
    observer.polled(report, performance.now() - begun);
    if (report.error === null) lastGood = at;
    lastError = report.error?.message ?? null;
    await sight.polled(report);
    // One rule that fails keeps nothing else from being looked for.
    if (report.error === null || report.newestRow !== null) notes.polled(at, report.newestRow);
    await pruneDaily();
    void cells?.build();
  };

  const pruneDaily = async (): Promise<void> => {
    if (!hasGoneBy(DAY, prunedAt, Date.now())) return;
    try {
      await (await app.state()).prune(Date.now());
      prunedAt = Date.now();
    } catch {
      // Tried again after the next poll; a poll that cannot reach the state store says so itself.
    }
  };

  const deliverer = (): Promise<Deliverer> => {
    opening ??= app
      .state()
      .then((state) => openDeliverer(app, state, token, (report) => observer.delivered(report), inHand))
      .catch((error: unknown) => {
        opening = null;
        throw error;
      });
    return opening;
  };

  const leadership = openLeadership(app, token, {
    changed(leads) {
      observer.leads(leads);
      if (leads !== false) return;
      // The one that polls now finds hours that are changed or deleted, which would be missed here.
      rollup?.forget();
      health.standBy();
    },
    takenOver: () => scheduler.pollLatest(),
  });

  const scheduler = startScheduler(
    {
      poll: pollNow,
      deliver: () =>
        void deliverer()
          .then((open) => open.deliverDue())
          // Without its state store the worker has nothing to deliver; polls report that it is away.
          .catch(() => undefined),
    },
    app.schedule,
    Date.now,
  );

  const endPolls = (): Promise<void> => {
    cells?.stop();
    notes.stop();
    return scheduler.stop();
  };
  const endSends = async (graceMs: number | null): Promise<void> => {
    await opening?.then((open) => open.stop(graceMs)).catch(() => undefined);
  };

  return {
    queueLengths,
    notReady: () =>
      whyNotReady(app.schedule, { leads: leadership.leads(), lastGood, lastError }, stateAnswers),
    async stop(graceMs, { givesLeaseBack } = { givesLeaseBack: false }) {
      const polls = endPolls();
      const sent = endSends(graceMs);
      await polls;
      if (givesLeaseBack) await leadership.resign();
      await sent;
      await leadership.stop();
    },
    async handOver() {
      const polls = endPolls();
      const sent = endSends(null);
      await polls;
      await leadership.stop();
      return { sent };
    },
  };
}

/** The rollup of a worker, opened with the state store when that can be reached. */
interface HeldRollup {
  open(): Promise<RollupKeeper>;
  /** The next one begins with what is kept in the state database. */
  forget(): void;
}

/** Null where the file switches it off. */
function rollupOf(app: App, observer: Observer): HeldRollup | null {
  if (app.config.audit.rollup === 'off') return null;
  let keeper: RollupKeeper | null = null;
  return {
    async open() {
      const state = await app.state();
      keeper ??= openRollupKeeper(app.config, app.store, state, observer);
      return keeper;
    },
    forget() {
      keeper = null;
    },
  };
}

/** Null where another worker polls: before this poll, or since it began. What was recorded until then is reported. */
async function polled(
  app: App,
  leadership: Leadership,
  rollup: HeldRollup | null,
  at: number,
): Promise<PollReport | null> {
  try {
    if (!(await leadership.ask())) return null;
    const parts = await app.pollParts();
    const source = rollup === null ? parts.source : (await rollup.open()).source;
    const state: State = {
      ...parts.state,
      record: (recordings, now) => parts.state.record(recordings, now, leadership.candidate),
    };
    const report = await poll({ ...parts, source, state }, at, Date.now);
    if (report.error?.code !== 'lease_lost') return report;
    const recorded = report.rules.filter(({ error }) => error === null);
    return recorded.length === 0 ? null : { ...report, rules: recorded, error: null };
  } catch (error) {
    return {
      at,
      newestRow: null,
      rowsRead: 0,
      rules: [],
      queued: [],
      error: asAppError(error, 'poll_failed'),
    };
  }
}
