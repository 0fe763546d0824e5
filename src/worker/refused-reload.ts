// Tells people that a changed file was refused.

import { createHash } from 'node:crypto';
import type { App } from '../app.ts';
import { ConfigError, problemLine } from '../config/problem.ts';
import { wordsOf } from '../model/errors.ts';
import { type RefusedFile, refusedMessage } from '../model/refused-message.ts';
import type { PeriodKey } from '../model/window.ts';
import { isoInstant, periodKey } from '../model/window.ts';
import { queueOnce } from './message-deliveries.ts';

/** Remembers a changed file that was refused, and tells people about it. */
export interface RefusedReload {
  /** A reload failed, and `app` stays in force. Returns the faults, one a line. */
  refused(app: App, error: unknown): readonly string[];
  /** The file on disk is in force. */
  accepted(): void;
  /** The line for `/readyz`; null if no file is refused. */
  summary(): string | null;
  /** Tells nobody anything more. Resolves when work under way has ended. */
  stop(): Promise<void>;
}

/** How often a state store that is away is asked again. */
const AGAIN_MS = 10_000;

/**
 * The ledger lets a message through once a day for the same faults, so all replicas that share a file tell people once,
 * also when they read the file again. `troubled` gets lines for the log.
 */
export function openRefusedReload(now: () => number, troubled: (what: string) => void): RefusedReload {
  let current: RefusedFile | null = null;
  let recording: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  const recordUntilDone = (app: App, file: RefusedFile): void => {
    timer = null;
    recording = record(app, file, now()).catch((error: unknown) => {
      if (stopped || current !== file) return;
      troubled(`could not tell of the refused file: ${wordsOf(error)}`);
      timer = setTimeout(() => recordUntilDone(app, file), AGAIN_MS);
      timer.unref();
    });
  };
  const forget = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    current = null;
  };

  return {
    refused(app, error) {
      const faults = faultLines(error);
      const since = current?.since ?? now();
      forget();
      current = { path: app.config.path, faults, since };
      recordUntilDone(app, current);
      return faults;
    },
    accepted: forget,
    summary() {
      if (current === null) return null;
      const [first = '', ...rest] = current.faults;
      const more = rest.length === 0 ? '' : ` (and ${rest.length} more)`;
      return `the file on disk has been refused since ${isoInstant(current.since)}; the earlier rules stay in force: ${first}${more}`;
    },
    stop() {
      stopped = true;
      forget();
      return recording;
    },
  };
}

async function record(app: App, file: RefusedFile, at: number): Promise<void> {
  const { timezone: zone } = app.config;
  const message = refusedMessage(file, { zone, timestamp: at });
  const faults = createHash('sha256').update(JSON.stringify(file.faults)).digest('hex').slice(0, 16);
  const period: PeriodKey = `${periodKey('day', at, zone)}/${faults}`;
  const key = { fingerprint: message.type, period, at, since: file.since };
  await queueOnce(app, await app.state(), app.config.health.notify, message, key, at);
}

function faultLines(error: unknown): string[] {
  if (!(error instanceof ConfigError)) return [wordsOf(error)];
  return error.problems.map(
    (problem) => `${problemLine(problem)}${problem.hint ? ` (${problem.hint})` : ''}`,
  );
}
