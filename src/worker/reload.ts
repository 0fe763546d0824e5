// Reads the file again when it changes or at SIGHUP, and puts it in force if it is valid.

import { type App, openApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { warnOfFile } from './config-warnings.ts';
import { watchFiles } from './file-watch.ts';
import { closeWhenSent, putInForce, type Service, servedFolders } from './service.ts';
import type { ServiceManager } from './systemd-notify.ts';

/** Reloads on SIGHUP and on changes of files, until it is stopped. */
export interface Reloading {
  /** No reload begins any more; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Reloads come one after the other: one that is asked for during another follows it. */
export function reloadOnChange(service: Service, manager: ServiceManager): Reloading {
  let last: Promise<void> = Promise.resolve();
  const request = (why: string): void => {
    last = last.then(async () => {
      manager.reloading();
      await reload(service, why);
      manager.ready('watching');
    });
  };
  const onHangup = (): void => request('SIGHUP');
  process.on('SIGHUP', onHangup);
  const watch = watchFiles(
    () => [...new Set([...service.running.app.config.watchedFiles, ...service.refusedFiles])],
    () => request('a file changed'),
  );
  return {
    stop() {
      watch.close();
      process.off('SIGHUP', onHangup);
      return last;
    },
  };
}

/** Puts the file in force, or keeps the old one and tells people what is wrong with the new one. Never rejects. */
async function reload(service: Service, why: string): Promise<void> {
  const { log, metrics, refusal, running } = service;
  try {
    const config = await replaceWorker(service);
    service.refusedFiles = [];
    refusal.accepted();
    metrics.reloaded(true);
    log.info({ why, rules: config.rules.length }, 'the file was read again and is in force');
    warnOfFile(config, log);
  } catch (error) {
    service.refusedFiles = error instanceof ConfigError ? error.files : [];
    metrics.reloaded(false);
    for (const line of refusal.refused(running.app, error))
      log.error({ why }, `the old rules stay in force: ${line}`);
  }
}

/** Opens the file, hands over from the old worker to a new one, and returns the file's configuration. */
async function replaceWorker(service: Service): Promise<Config> {
  const config = await loadConfig(service.file, service.env);
  // A proxy that is not valid must be found before anything is opened or handed over.
  service.heartbeatOf(config);
  const next = await openApp(config, servedFolders(service.log));
  const old = { ...service.running };
  await mustBeReachable(next, old.app)
    .then(() => service.admin.listenAs(config))
    .catch(async (error: unknown) => {
      await next.close();
      throw error;
    });
  const handed = await old.worker?.handOver();
  putInForce(service, next);
  closeWhenSent(service, old, handed?.sent);
  return config;
}

/**
 * Rejects if a database does not answer that the new file names and the old did not. A database that is the same as
 * before may be away just now.
 */
async function mustBeReachable(next: App, old: App): Promise<void> {
  const urls = ({ config }: App): string[] =>
    [config.audit.url, config.state.url ?? config.audit.url].map((url) => url.reveal());
  const [audit, state] = urls(next);
  const [oldAudit, oldState] = urls(old);
  if (audit !== oldAudit) await (next.auditSql?.query('SELECT 1') ?? next.store.read([], Date.now()));
  if (state !== oldState) await next.state();
}
