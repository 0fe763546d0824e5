// The HTTP server of a running worker: where it listens, and what it answers with.

import type { App } from '../app.ts';
import type { Config } from '../config/config.ts';
import { type HttpServer, type Status, serveHttp } from './http-server.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { RefusedReload } from './refused-reload.ts';
import type { Worker } from './worker.ts';

/** The file in force and its worker, which is null until it has started. */
export interface Running {
  app: App;
  worker: Worker | null;
}

export interface AdminServer {
  /** Moves to the address that a file names, if it is another one. Throws AppError `http_listen`. */
  listenAs(config: Config): Promise<void>;
  close(): Promise<void>;
}

/** Listens when `listenAs` is first called. */
export function openAdminServer(
  running: Readonly<Running>,
  refusal: RefusedReload,
  metrics: Metrics,
  log: Log,
): AdminServer {
  let server: HttpServer | null = null;
  let listening: string | null = null;
  const status: Status = {
    notReady: async () => (running.worker === null ? 'starting' : running.worker.notReady()),
    remark: refusal.summary,
    metrics: async () => {
      await countQueues(running, metrics);
      return metrics.exposition();
    },
  };
  return {
    async listenAs({ http }) {
      const wanted = JSON.stringify(http);
      if (wanted === listening) return;
      const next = http === null ? null : await serveHttp(http, status);
      await server?.close();
      server = next;
      listening = wanted;
      if (next !== null) log.info({ address: next.address }, 'serving /healthz, /readyz and /metrics');
    },
    close: async () => server?.close(),
  };
}

async function countQueues({ worker, app }: Running, metrics: Metrics): Promise<void> {
  const lengths = await worker?.queueLengths().catch(() => null);
  if (!lengths) return;
  // A channel with nothing to do shows 0, so that an alert can tell that from a missing metric.
  const idle = [...app.config.channels.keys()].map((channel) => [channel, 0] as const);
  metrics.queued(new Map([...idle, ...lengths]));
}
