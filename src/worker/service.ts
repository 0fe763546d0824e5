// The long-running service: the worker of the file in force, and what stays while files come and go.

import { randomUUID } from 'node:crypto';
import { type App, type FolderOptions, openApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { placeOf } from '../config/place.ts';
import { wordsOf } from '../model/errors.ts';
import { type AdminServer, openAdminServer, type Running } from './admin-server.ts';
import type { BackfillStatus } from './backfill.ts';
import { warnOfExamples, warnOfFile } from './config-warnings.ts';
import type { Heartbeat } from './heartbeat.ts';
import { heartbeats } from './heartbeats.ts';
import type { Log } from './log.ts';
import { logObserver } from './log-observer.ts';
import { type Metrics, openMetrics } from './metrics/metrics.ts';
import { openOutageNotifier } from './outage-notifier.ts';
import { openRefusedReload, type RefusedReload } from './refused-reload.ts';
import { type Kept, startWorker } from './worker.ts';

/** What the service gets from the process that runs it. */
export interface ServiceParts {
  /** The path of alerts.yaml, as it was given. */
  readonly file: string;
  readonly env: Environment;
  readonly version: string;
  readonly log: Log;
  /** Shows how far the past is read, on a terminal; null if there is none. */
  readonly bar: { show(status: BackfillStatus | null): void } | null;
}

/** A running service. */
export interface Service extends ServiceParts {
  readonly metrics: Metrics;
  readonly kept: Kept;
  readonly heartbeatOf: (config: Config) => Heartbeat | null;
  readonly refusal: RefusedReload;
  readonly admin: AdminServer;
  /** The file in force and its worker; a reload replaces both. */
  readonly running: Running;
  /** Earlier files that still send; each resolves when it is closed. */
  readonly leaving: Map<Running, Promise<void>>;
  /** Files that the refused file names. One that is missing may be written later. */
  refusedFiles: readonly string[];
}

/** A command such as `check` may have an embedded database open for a moment. */
const FOLDER_WAIT_MS = 5_000;

/** How a worker opens embedded databases: commands use them through it, as long as it has them. */
export function servedFolders(log: Log): FolderOptions {
  return { waitMs: FOLDER_WAIT_MS, serve: (trouble) => log.warn(trouble) };
}

/** Sends under way get this long when the process is asked to stop. What is cut off is repeated with the same id. */
const STOP_GRACE_MS = 3_000;

/** Loads the file, serves HTTP and starts the worker. Throws if one of these fails. */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { file, env, version, log } = parts;
  const metrics = openMetrics(version);
  const heartbeatOf = heartbeats(log);
  const running: Running = {
    app: await openApp(await loadConfig(file, env), servedFolders(log)),
    worker: null,
  };
  const refusal = openRefusedReload(Date.now, (what) => log.warn(what));
  const admin = openAdminServer(running, refusal, metrics, log, version);
  const kept: Kept = {
    token: randomUUID(),
    inHand: new Set(),
    outages: openOutageNotifier(Date.now, Math.random),
  };
  const held = { metrics, kept, heartbeatOf, refusal, admin, running };
  const service: Service = { ...parts, ...held, leaving: new Map(), refusedFiles: [] };
  // Before the first poll: a worker that cannot serve must not have told anybody anything.
  await admin.listenAs(running.app.config).catch(async (error: unknown) => {
    await running.app.close();
    throw error;
  });
  putInForce(service, running.app);
  const { path, rules, audit, dir } = running.app.config;
  log.info({ config: path, rules: rules.length, audit: placeOf(audit.url, dir) }, 'spendwatch is watching');
  warnOfFile(running.app.config, log);
  return service;
}

/** Starts the worker of an opened file. */
export function putInForce(service: Service, app: App): void {
  const { running, metrics, kept, log, bar } = service;
  metrics.useRules(app.config.rules.filter((rule) => rule.enabled));
  metrics.useChannels([...app.config.channels.keys()]);
  running.app = app;
  warnOfExamples(app.config, log);
  running.worker = startWorker(app, kept, logObserver(log, metrics, service.heartbeatOf(app.config), bar));
}

/** Closes an earlier file when its last sends have ended. */
export function closeWhenSent(
  { leaving, log }: Service,
  old: Running,
  sent: Promise<void> | undefined,
): void {
  const closed = Promise.resolve(sent)
    .then(() => old.app.close())
    .catch((error: unknown) => {
      log.warn({ reason: wordsOf(error) }, 'connections of the old file could not be closed');
    })
    .finally(() => leaving.delete(old));
  leaving.set(old, closed);
}

/** Stops all workers, tells nobody anything more, and closes what is open. */
export async function stopService({ running, leaving, refusal, admin }: Service): Promise<void> {
  await Promise.all([
    ...[...leaving.keys()].map(({ worker }) => worker?.stop(STOP_GRACE_MS)),
    running.worker?.stop(STOP_GRACE_MS, { givesLeaseBack: true }),
    refusal.stop(),
    admin.close(),
  ]);
  await Promise.all([running.app.close(), ...leaving.values()]);
}
