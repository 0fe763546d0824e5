import { createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { Secret } from '../../src/model/secret.ts';
import { openAdminServer } from '../../src/worker/admin-server.ts';
import type { Log } from '../../src/worker/log.ts';
import { openMetrics } from '../../src/worker/metrics/metrics.ts';
import { openRefusedReload } from '../../src/worker/refused-reload.ts';

const TOKEN = 'a-token-of-the-api-0123456789';

function listening(host: string, port = 0): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

function closed(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}

async function freePort(): Promise<number> {
  const server = await listening('0.0.0.0');
  const { port } = server.address() as { port: number };
  await closed(server);
  return port;
}

function opened() {
  const log = { info: () => undefined, warn: () => undefined } as unknown as Log;
  const running = { app: {}, worker: null } as unknown as Parameters<typeof openAdminServer>[0];
  const refusal = openRefusedReload(Date.now, () => undefined);
  const admin = openAdminServer(running, refusal, openMetrics('1.0.0'), log, '1.0.0');
  const listenAs = (host: string, port: number, token: string | null = null) =>
    admin.listenAs({
      http: { host, port },
      apiToken: token === null ? null : new Secret(token),
    } as unknown as Config);
  return { admin, listenAs };
}

const statusOf = async (host: string, port: number, path = '/healthz', token = ''): Promise<number> =>
  (await fetch(`http://${host}:${port}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;

describe('the HTTP server of a worker', () => {
  it.each(['0.0.0.0', ''])('moves from loopback to "%s" and back on the same port', async (host) => {
    const { admin, listenAs } = opened();
    const port = await freePort();
    await listenAs('127.0.0.1', port);
    await listenAs(host, port, TOKEN);
    expect(await statusOf('127.0.0.2', port)).toBe(200);
    expect(await statusOf('127.0.0.1', port, '/api/v1/openapi.json')).toBe(401);
    expect(await statusOf('127.0.0.1', port, '/api/v1/openapi.json', TOKEN)).toBe(200);
    await listenAs('127.0.0.1', port);
    expect(await statusOf('127.0.0.1', port, '/api/v1/openapi.json')).toBe(200);
    await expect(statusOf('127.0.0.2', port)).rejects.toThrow();
    await admin.close();
    await expect(statusOf('127.0.0.1', port)).rejects.toThrow();
  });

  it('stays where it is when others have the port on the new address', async () => {
    const { admin, listenAs } = opened();
    const port = await freePort();
    const other = await listening('127.0.0.2', port);
    await listenAs('127.0.0.1', port, TOKEN);
    for (const host of ['0.0.0.0', '127.0.0.2']) {
      await expect(listenAs(host, port)).rejects.toThrow(`cannot listen on ${host}:${port}`);
      expect(await statusOf('127.0.0.1', port)).toBe(200);
      expect(await statusOf('127.0.0.1', port, '/api/v1/openapi.json')).toBe(401);
      expect(await statusOf('127.0.0.1', port, '/api/v1/openapi.json', TOKEN)).toBe(200);
    }
    await admin.close();
    await closed(other);
  });
});
