// Looks after each poll whether a report is due, makes it and queues it.

import type { App } from '../../app.ts';
import { wordsOf } from '../../model/errors.ts';
import type { Report, ReportConfig } from '../../model/report.ts';
import { unsentReportMessage } from '../../model/unsent-report.ts';
import { formatDuration } from '../../model/window.ts';
import { queueOnce } from '../message-deliveries.ts';
import { type Due, isToBeSent, latestDue } from './due.ts';
import { failedReports, recordFailed } from './failed.ts';
import { queueReport, reportTitle, sentReports } from './send.ts';

/** Sends reports by their schedules. */
export interface ReportWatch {
  /**
   * To be called after a poll of the worker that leads, which must not wait for it: a report takes as long as its queries. Never
   * rejects; a call while a report is made does nothing.
   */
  polled(): Promise<void>;
  /** Nothing is queued any more. */
  stop(): void;
}

export interface ReportListener {
  /** A report of a period was queued for its channels. */
  reported(name: string, period: string): void;
  /** A report could not be made or queued, in words for people. */
  troubled(what: string): void;
}

/** Makes a report as of an instant (ms). */
export type MakeReport = (config: ReportConfig, at: number) => Promise<Report>;

const MINUTE = 60_000;
/** The wait after a failure doubles from a minute to this: a report may ask for much. */
const LONGEST_WAIT_MS = 60 * MINUTE;

interface Watched {
  readonly config: ReportConfig;
  readonly dueAt: (now: number) => Due | null;
  /** The period of the latest time that was seen to. */
  seenTo: string | null;
  failure: Failure | null;
  /** Of periods that were given up; people are still to be told. */
  unsent: readonly Unsent[];
}

/** A report that was not sent in its time; of one that another process tried it is not known how often, and why not. */
interface Unsent {
  readonly due: Due;
  readonly tries: number | null;
  readonly reason: string | null;
}

interface Failure extends Unsent {
  readonly tries: number;
  readonly reason: string;
  readonly nextAt: number;
}

export function openReportWatch(app: App, make: MakeReport, listener: ReportListener): ReportWatch {
  const { reports, timezone: zone } = app.config;
  const all = reports.map(
    (config): Watched => ({
      config,
      dueAt: latestDue(config, zone),
      seenTo: null,
      failure: null,
      unsent: [],
    }),
  );
  let stopped = false;
  let isLooking = false;

  const send = async ({ config, failure }: Watched, due: Due, isTried: boolean): Promise<void> => {
    const state = await app.state();
    const sent = await sentReports(app, state, config.name, due.window.to);
    // One that was begun in time is never too late.
    if (!isToBeSent(due, sent, failure !== null || isTried ? due.at : app.now())) return;
    const report = await make(config, due.at);
    if (stopped) return;
    const queued = await queueReport(app, state, config, report, due.at, app.now());
    if (queued.length > 0) listener.reported(config.name, due.period);
  };

  const look = async (one: Watched): Promise<void> => {
    const due = one.dueAt(app.now());
    if (due === null || due.period === one.seenTo) return;
    const { failure } = one;
    if (failure !== null && failure.due.period !== due.period) {
      one.failure = null;
      one.unsent = [...one.unsent, failure];
    } else if (failure !== null && app.now() < failure.nextAt) return;
    try {
      const { isTried, earlier } = await failedReports(app, await app.state(), one.config, due);
      if (earlier !== null && one.unsent.every((other) => other.due.period !== earlier.period))
        one.unsent = [{ due: earlier, tries: null, reason: null }, ...one.unsent];
      for (const unsent of one.unsent) {
        if (await tellUnsent(app, one.config.name, unsent, due.at)) {
          const why = unsent.reason === null ? '' : `: ${unsent.reason}`;
          listener.troubled(`${reportTitle(one.config.name, unsent.due.window, zone)} was not sent${why}`);
        }
        one.unsent = one.unsent.slice(1);
      }
      await send(one, due, isTried);
      one.seenTo = due.period;
      one.failure = null;
    } catch (error) {
      if (stopped) return;
      one.failure = failureAfter(one.failure, due, error, app.now());
      listener.troubled(failureText(one.config, one.failure, zone, app.now()));
      // Where the state store is away, too, this process alone knows of it.
      await recordFailed(app, one.config, due).catch(() => undefined);
    }
  };

  /** One after the other, so that the store is asked for one report at a time. */
  const lookAtAll = async (): Promise<void> => {
    for (const one of all) if (!stopped) await look(one);
  };

  return {
    async polled() {
      if (stopped || isLooking) return;
      isLooking = true;
      await lookAtAll();
      isLooking = false;
    },
    stop() {
      stopped = true;
    },
  };
}

/**
 * Tells the channels of health, once for each period. `at` is when the next one was due, ms. False where it was sent after all, by
 * hand or by another worker, and where another process has told them.
 */
async function tellUnsent(
  app: App,
  name: string,
  { due, tries, reason }: Unsent,
  at: number,
): Promise<boolean> {
  const state = await app.state();
  const sent = await sentReports(app, state, name, due.window.to);
  if (sent.some(({ period }) => period === due.period)) return false;
  const { timezone: zone, health } = app.config;
  const { window, period, at: dueAt } = due;
  const unsent = { name, title: reportTitle(name, window, zone), window, dueAt, tries, reason };
  const timestamp = app.now();
  const message = unsentReportMessage(unsent, { at, zone, timestamp });
  const key = { fingerprint: message.type, period: `${period}/${name}` as const, at };
  const queued = await queueOnce(app, state, health.notify, message, key, timestamp);
  return queued.length > 0 || reason !== null;
}

function failureAfter(before: Failure | null, due: Due, error: unknown, now: number): Failure {
  const tries = (before?.tries ?? 0) + 1;
  const wait = Math.min(MINUTE * 2 ** Math.min(tries - 1, 10), LONGEST_WAIT_MS);
  return { due, tries, reason: wordsOf(error), nextAt: now + wait };
}

function failureText({ name }: ReportConfig, failure: Failure, zone: string, now: number): string {
  const wait = formatDuration(failure.nextAt - now);
  return `${reportTitle(name, failure.due.window, zone)} could not be made; it is tried again in ${wait}: ${failure.reason}`;
}
