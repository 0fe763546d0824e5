// The HTTP server of a running worker: where it listens, and what it answers with.

import type { App } from '../app.ts';
import type { Config } from '../config/config.ts';
import { type Door, isApiOff } from './api/access.ts';
import { openApi } from './api/api.ts';
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
  /** Moves to the address that a file names, if it is another one, and asks for its token. Throws AppError `http_listen`. */
  listenAs(config: Config): Promise<void>;
  close(): Promise<void>;
}

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Listens when `listenAs` is first called. */
export function openAdminServer(
  running: Readonly<Running>,
  refusal: RefusedReload,
  metrics: Metrics,
  log: Log,
  version: string,
): AdminServer {
  let server: HttpServer | null = null;
  let listening: string | null = null;
  let door: Writable<Door> | null = null;
  const api = openApi(() => running, version);
  const status: Omit<Status, 'api'> = {
    notReady: async () => (running.worker === null ? 'starting' : running.worker.notReady()),
    remark: refusal.summary,
    metrics: async () => {
      await countQueues(running, metrics);
      return metrics.exposition();
    },
  };
  return {
    async listenAs({ http, apiToken }) {
      const wanted = JSON.stringify(http);
      const wasOff = wanted === listening && door !== null && isApiOff(door);
      if (wanted !== listening) {
        // Requests through the old address are judged by the old file until it is closed.
        const next = http && { host: http.host, token: apiToken };
        const moved =
          http && next && (await serveHttp(http, { ...status, api: (request) => api(next, request) }));
        await server?.close();
        server = moved;
        door = next;
        listening = wanted;
        if (moved !== null) log.info({ address: moved.address }, 'serving /healthz, /readyz and /metrics');
      }
      if (door === null) return;
      door.token = apiToken;
      if (isApiOff(door) && !wasOff) log.info('the API is off beyond loopback until http.token is set');
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
