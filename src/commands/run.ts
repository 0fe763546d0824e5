import { type App, openApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { watchFiles } from '../file-watch.ts';
import { openHealthWatch } from '../health-watch.ts';
import { type Heartbeat, heartbeat } from '../heartbeat.ts';
import { type HttpServer, serveHttp } from '../http.ts';
import { type Log, openLog } from '../log.ts';
import { type Metrics, openMetrics } from '../metrics.ts';
import { messageOf } from '../model/errors.ts';
import { serviceManager } from '../notify.ts';
import { logObserver } from '../observe.ts';
import { startWorker, type Worker } from '../worker.ts';
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
  const log = openLog({
    level: io.env.SPENDWATCH_LOG_LEVEL,
    terminal: io.stderrIsTerminal,
    colour: io.colour,
  });
  const metrics = openMetrics(options.version);
  const service = serviceManager(io.env);
  const health = openHealthWatch(Date.now);

  const start = (app: App): Running => {
    metrics.useRules(app.config.rules.filter((rule) => rule.enabled));
    const beats = app.config.heartbeat === null ? null : heartbeatOf(app.config, log);
    const worker = startWorker(app, health, logObserver(log, metrics, beats));
    return { app, worker };
  };

  let running = start(await openApp(await loadConfig(options.config, io.env)));
  const http = await openHttp(() => running, metrics, log).catch(async (error: unknown) => {
    await running.worker.stop(0);
    await running.app.close();
    throw error;
  });
  log.info(
    { config: running.app.config.path, rules: running.app.config.rules.length },
    'spendwatch is watching',
  );
  service.ready('watching');
  const alive =
    service.watchdogIntervalMs === null ? null : setInterval(service.alive, service.watchdogIntervalMs);

  const reload = inTurn(async (why: string) => {
    service.reloading();
    try {
      const config = await loadConfig(options.config, io.env);
      const next = await openApp(config);
      await reachable(next, running.app).catch(async (error: unknown) => {
        await next.close();
        throw error;
      });
      const old = running;
      await old.worker.stop(STOP_GRACE_MS);
      running = start(next);
      await old.app.close();
      await http.listenAs(config);
      metrics.reloaded(true);
      log.info({ why, rules: config.rules.length }, 'the file was read again and is in force');
    } catch (error) {
      metrics.reloaded(false);
      for (const line of faultLines(error)) log.error({ why }, `the old rules stay in force: ${line}`);
    }
    service.ready('watching');
  });
  const onHangup = (): void => void reload('SIGHUP');
  process.on('SIGHUP', onHangup);
  const watching = watchFiles(
    () => running.app.config.watchedFiles,
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
  await Promise.all([running.worker.stop(STOP_GRACE_MS), http.close()]);
  await running.app.close();
  clearTimeout(limit);
  log.info('stopped');
  return 0;
}

interface Running {
  readonly app: App;
  readonly worker: Worker;
}

/** The HTTP server of the file in force; it moves when the file names another address. */
async function openHttp(running: () => Running, metrics: Metrics, log: Log) {
  let server: HttpServer | null = null;
  let listening = '';
  const exposed = {
    notReady: () => running().worker.notReady(),
    metrics: async () => {
      const state = await running()
        .app.state()
        .catch(() => null);
      const lengths = await state?.queueLengths().catch(() => null);
      // A channel with nothing to do shows 0: an alert on the queue must tell that from a metric that is not there.
      const idle = [...running().app.config.channels.keys()].map((channel) => [channel, 0] as const);
      if (lengths) metrics.queued(new Map([...idle, ...lengths]));
      return metrics.exposition();
    },
  };
  const listenAs = async ({ http }: Config): Promise<void> => {
    const wanted = JSON.stringify(http);
    if (wanted === listening) return;
    const next = http === null ? null : await serveHttp(http, exposed);
    await server?.close();
    server = next;
    listening = wanted;
    if (next !== null) log.info({ address: next.address }, 'serving /healthz, /readyz and /metrics');
  };
  await listenAs(running().app.config);
  return { listenAs, close: async () => server?.close() };
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

function heartbeatOf(config: Config, log: Log): Heartbeat | null {
  if (config.heartbeat === null) return null;
  return heartbeat(config.heartbeat.url.reveal(), (reason) =>
    log.warn({ reason }, 'the heartbeat did not arrive'),
  );
}

function faultLines(error: unknown): string[] {
  if (!(error instanceof ConfigError)) return [messageOf(error)];
  return error.problems.map(
    ({ file, line, column, message, hint }) =>
      `${file}:${line}:${column} ${message}${hint ? ` (${hint})` : ''}`,
  );
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
