// What a running worker serves.

import type { App } from '../app.ts';
import type { Config } from '../config/config.ts';
import { type HttpServer, serveHttp } from './http-server.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { RefusedReload } from './refused-reload.ts';
import type { Worker } from './worker.ts';

/** What runs just now; the worker is null until it has started. */
export interface Running {
  app: App;
  worker: Worker | null;
}

/** The HTTP server of the file in force. */
export interface ExposedWorker {
  /** Moves to the address that a file names, if that is another one; throws AppError `http_listen`. */
  listenAs(config: Config): Promise<void>;
  close(): Promise<void>;
}

/** Serves what is known of a running worker; listens when `listenAs` is called first. */
export function exposeWorker(
  running: Readonly<Running>,
  refusal: RefusedReload,
  metrics: Metrics,
  log: Log,
): ExposedWorker {
  let server: HttpServer | null = null;
  let listening: string | null = null;
  const exposed = {
    notReady: async () => (running.worker === null ? 'starting' : running.worker.notReady()),
    remark: refusal.standing,
    metrics: async () => {
      const lengths = await running.worker?.queueLengths().catch(() => null);
      // A channel with nothing to do shows 0: an alert on the queue must tell that from a metric that is not there.
      const idle = [...running.app.config.channels.keys()].map((channel) => [channel, 0] as const);
      if (lengths) metrics.queued(new Map([...idle, ...lengths]));
      return metrics.exposition();
    },
  };
  return {
    async listenAs({ http }) {
      const wanted = JSON.stringify(http);
      if (wanted === listening) return;
      const next = http === null ? null : await serveHttp(http, exposed);
      await server?.close();
      server = next;
      listening = wanted;
      if (next !== null) log.info({ address: next.address }, 'serving /healthz, /readyz and /metrics');
    },
    close: async () => server?.close(),
  };
}
