// The HTTP server of a running worker: where it listens, and what it answers with.

import type { App } from '../app.ts';
import type { Config } from '../config/config.ts';
import type { Listen } from '../config/listen.ts';
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

/** Where it listens, and who may come in there. */
interface Open {
  readonly http: Listen;
  readonly door: { -readonly [key in keyof Door]: Door[key] };
  readonly server: HttpServer;
}

/** Listens when `listenAs` is first called. */
export function openAdminServer(
  running: Readonly<Running>,
  refusal: RefusedReload,
  metrics: Metrics,
  log: Log,
  version: string,
): AdminServer {
  let open: Open | null = null;
  const api = openApi(() => running, version);
  const status: Omit<Status, 'api'> = {
    notReady: async () => (running.worker === null ? 'starting' : running.worker.notReady()),
    remark: refusal.summary,
    metrics: async () => {
      await countQueues(running, metrics);
      return metrics.exposition();
    },
  };
  // Requests through the old address are judged by the old file until it is closed.
  const openDoor = async (http: Listen, door: Door): Promise<Open> => ({
    ...{ http, door },
    server: await serveHttp(http, { ...status, api: (request) => api(door, request) }),
  });
  const closed = async (): Promise<void> => {
    const old = open;
    open = null;
    await old?.server.close();
  };
  const moveTo = async (http: Listen, door: Door): Promise<Open> => {
    try {
      const next = await openDoor(http, door);
      await closed();
      return next;
    } catch (error) {
      // 127.0.0.1:9464 keeps the worker itself from 0.0.0.0:9464.
      if (open?.http.port !== http.port) throw error;
      const old = open;
      await closed();
      return openDoor(http, door).catch(async (second: unknown) => {
        open = await openDoor(old.http, old.door);
        throw second;
      });
    }
  };
  return {
    async listenAs({ http, apiToken }) {
      const wasOff = open !== null && isApiOff(open.door);
      const isSame = open !== null && http?.host === open.http.host && http.port === open.http.port;
      if (http === null) return closed();
      if (open === null || !isSame) {
        open = await moveTo(http, { host: http.host, token: apiToken });
        log.info({ address: open.server.address }, 'serving /healthz, /readyz and /metrics');
      }
      open.door.token = apiToken;
      if (isApiOff(open.door) && !(isSame && wasOff))
        log.info('the API is off beyond loopback until http.token is set');
    },
    close: closed,
  };
}

async function countQueues({ worker, app }: Running, metrics: Metrics): Promise<void> {
  const lengths = await worker?.queueLengths().catch(() => null);
  if (!lengths) return;
  // A channel with nothing to do shows 0, so that an alert can tell that from a missing metric.
  const idle = [...app.config.channels.keys()].map((channel) => [channel, 0] as const);
  metrics.queued(new Map([...idle, ...lengths]));
}
