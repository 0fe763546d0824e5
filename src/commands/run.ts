// Run: worker, HTTP, reload, stop.

import { randomUUID } from 'node:crypto';
import { type App, openApp } from '../app.ts';
import { chooseProxy } from '../channels/transport/proxy-choice.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { placeOf, unsetNote } from '../config/place.ts';
import { placeholdersOf } from '../config/placeholders.ts';
import { ConfigError, problemLine } from '../config/problem.ts';
import { wordsOf } from '../model/errors.ts';
import { exposeWorker, type Running } from '../worker/admin-server.ts';
import { watchFiles } from '../worker/file-watch.ts';
import { growHeapSlowly } from '../worker/heap.ts';
import { type Heartbeat, heartbeat } from '../worker/heartbeat.ts';
import { type Log, openLog } from '../worker/log.ts';
import { logObserver } from '../worker/log-observer.ts';
import { openMetrics } from '../worker/metrics/metrics.ts';
import { openOutageNotifier } from '../worker/outage-notifier.ts';
import { openRefusedReload } from '../worker/refused-reload.ts';
import { serviceManager } from '../worker/systemd-notify.ts';
import { type Kept, startWorker } from '../worker/worker.ts';
import { openBuildBar } from './backfill-bar.ts';
import type { Io } from './io.ts';

export interface RunOptions {
  readonly config: string;
  readonly version: string;
}

/** Sends in hand get this long when the process is asked to stop; what is cut off is repeated with the same id. */
const STOP_GRACE_MS = 3_000;
/** A part that does not end by then is left behind: the process must be gone in under five seconds. */
const STOP_LIMIT_MS = 4_300;

/** The worker: runs until it is asked to stop. Resolves to 0. */
export async function run(options: RunOptions, io: Io): Promise<number> {
  // Asked for first: as process 1 of a container a signal without a handler is lost, however early it comes.
  const { stopped } = io;
  growHeapSlowly();
  const bar = io.stderrIsTerminal ? openBuildBar() : null;
  const log = openLog({
    level: io.env.SPENDWATCH_LOG_LEVEL,
    terminal: bar && { colour: io.colour, print: bar.print },
  });
  const metrics = openMetrics(options.version);
  const service = serviceManager(io.env);
  const kept: Kept = {
    token: randomUUID(),
    inHand: new Set(),
    outages: openOutageNotifier(Date.now, Math.random),
  };
  const heartbeatOf = heartbeats(log);
  const running: Running = { app: await openApp(await loadConfig(options.config, io.env)), worker: null };
  const start = (app: App): void => {
    metrics.useRules(app.config.rules.filter((rule) => rule.enabled));
    running.app = app;
    warnOfExamples(app.config, log);
    const observer = logObserver(log, metrics, heartbeatOf(app.config), bar);
    running.worker = startWorker(app, kept, observer);
  };

  /** What earlier files had open and still send with; resolves when it is closed. */
  const leaving = new Map<Running, Promise<void>>();
  const leave = (old: Running, sent: Promise<void> | undefined): void => {
    const closed = Promise.resolve(sent)
      .then(() => old.app.close())
      .catch((error: unknown) => {
        log.warn({ reason: wordsOf(error) }, 'connections of the old file could not be closed');
      })
      .finally(() => leaving.delete(old));
    leaving.set(old, closed);
  };

  const refusal = openRefusedReload(Date.now, (what) => log.warn(what));
  const http = exposeWorker(running, refusal, metrics, log);
  // Before the first poll: a worker that cannot serve must not have told anybody anything.
  await http.listenAs(running.app.config).catch(async (error: unknown) => {
    await running.app.close();
    throw error;
  });
  start(running.app);
  const { path, rules, audit, dir } = running.app.config;
  log.info({ config: path, rules: rules.length, audit: placeOf(audit.url, dir) }, 'spendwatch is watching');
  warnOf(running.app.config, log);
  service.ready('watching');
  const alive =
    service.watchdogIntervalMs === null ? null : setInterval(service.alive, service.watchdogIntervalMs);

  /** Files that the last file named which was refused: one that is missing may be written after it. */
  let refused: readonly string[] = [];
  const reload = inTurn(async (why: string) => {
    service.reloading();
    try {
      const config = await loadConfig(options.config, io.env);
      // A proxy that is not valid is found before anything is opened or handed over.
      heartbeatOf(config);
      const next = await openApp(config);
      const old = { ...running };
      await reachable(next, old.app)
        .then(() => http.listenAs(config))
        .catch(async (error: unknown) => {
          await next.close();
          throw error;
        });
      const handed = await old.worker?.handOver();
      start(next);
      leave(old, handed?.sent);
      refused = [];
      refusal.accepted();
      metrics.reloaded(true);
      log.info({ why, rules: config.rules.length }, 'the file was read again and is in force');
      warnOf(config, log);
    } catch (error) {
      refused = error instanceof ConfigError ? error.files : [];
      metrics.reloaded(false);
      for (const line of refusal.refused(running.app, error))
        log.error({ why }, `the old rules stay in force: ${line}`);
    }
    service.ready('watching');
  });
  const onHangup = (): void => void reload('SIGHUP');
  process.on('SIGHUP', onHangup);
  const watching = watchFiles(
    () => [...new Set([...running.app.config.watchedFiles, ...refused])],
    () => void reload('a file changed'),
  );

  await stopped;
  service.stopping();
  log.info('stopping');
  watching.close();
  process.off('SIGHUP', onHangup);
  if (alive !== null) clearInterval(alive);
  const limit = setTimeout(() => process.exit(0), STOP_LIMIT_MS);
  await reload.idle();
  await Promise.all([
    ...[...leaving.keys()].map(({ worker }) => worker?.stop(STOP_GRACE_MS)),
    running.worker?.stop(STOP_GRACE_MS, { givesLeaseBack: true }),
    refusal.stop(),
    http.close(),
  ]);
  await Promise.all([running.app.close(), ...leaving.values()]);
  clearTimeout(limit);
  log.info('stopped');
  return 0;
}

/** Warns of a valid file with which nobody would be told, or nothing would be seen. */
function warnOfExamples(config: Config, log: Log): void {
  const note = unsetNote(config);
  if (note !== null) log.warn(note);
  for (const { channel, message, hint } of placeholdersOf(config)) log.warn({ channel, hint }, message);
}

/**
 * A database that the new file names and the old did not must answer, or the old file stays in force; one that is
 * the same as before may be away just now.
 */
async function reachable(next: App, old: App): Promise<void> {
  const urls = ({ config }: App): string[] =>
    [config.audit.url, config.state.url ?? config.audit.url].map((url) => url.reveal());
  const [audit, state] = urls(next);
  const [oldAudit, oldState] = urls(old);
  if (audit !== oldAudit) await next.auditSql.query('SELECT 1');
  if (state !== oldState) await next.state();
}

/** One heartbeat for each URL and proxy, kept over reloads, so that it is sent at most once a minute. */
function heartbeats(log: Log): (config: Config) => Heartbeat | null {
  const hearts = new Map<string, Heartbeat>();
  return ({ heartbeat: setting, proxies }) => {
    if (setting === null) return null;
    const url = setting.url.reveal();
    const proxy = chooseProxy(url, setting.proxy, proxies);
    const key = JSON.stringify([url, proxy?.url.reveal()]);
    const known = hearts.get(key);
    if (known !== undefined) return known;
    const heart = heartbeat(url, (reason) => log.warn({ reason }, 'the heartbeat did not arrive'), proxy);
    hearts.set(key, heart);
    return heart;
  };
}

function warnOf(config: Config, log: Log): void {
  for (const problem of config.warnings) log.warn({ hint: problem.hint }, problemLine(problem));
}

/** One call after the other: a reload that is asked for during another one follows it. */
function inTurn(
  work: (why: string) => Promise<void>,
): ((why: string) => Promise<void>) & { idle(): Promise<void> } {
  let last: Promise<void> = Promise.resolve();
  const call = (why: string): Promise<void> => {
    last = last.then(() => work(why));
    return last;
  };
  return Object.assign(call, { idle: () => last });
}
