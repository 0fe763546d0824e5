import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpServer, type Status, serveHttp } from '../../src/worker/http-server.ts';

let server: HttpServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function serve(status: Partial<Status> = {}): Promise<string> {
  server = await serveHttp(
    { host: '127.0.0.1', port: 0 },
    {
      notReady: () => Promise.resolve(null),
      remark: () => null,
      metrics: () =>
        Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'up 1\n' }),
      api: async ({ path, query }) => ({ status: 200, headers: {}, text: JSON.stringify({ path, query }) }),
      ...status,
    },
  );
  return `http://${server.address}`;
}

async function got(url: string, init: RequestInit = {}) {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe('the HTTP server', () => {
  it('says that it lives', async () => {
    const url = await serve();
    expect(await got(`${url}/healthz`)).toMatchObject({ status: 200, text: 'ok\n' });
  });

  it('says whether it is ready, and why not', async () => {
    let reason: string | null = 'the state store cannot be used: refused';
    const url = await serve({ notReady: () => Promise.resolve(reason) });
    expect(await got(`${url}/readyz`)).toMatchObject({
      status: 503,
      text: 'not ready: the state store cannot be used: refused\n',
    });
    reason = null;
    expect(await got(`${url}/readyz`)).toMatchObject({ status: 200, text: 'ready\n' });
  });

  it('says what else somebody should know, ready or not', async () => {
    let reason: string | null = null;
    const url = await serve({
      notReady: () => Promise.resolve(reason),
      remark: () => 'the file on disk is refused',
    });
    const more = 'the file on disk is refused\n';
    expect(await got(`${url}/readyz`)).toMatchObject({ status: 200, text: `ready\n${more}` });
    reason = 'no poll';
    expect(await got(`${url}/readyz`)).toMatchObject({ status: 503, text: `not ready: no poll\n${more}` });
  });

  it('shows the metrics with their own content type, to be cached nowhere', async () => {
    const { status, text, headers } = await got(`${await serve()}/metrics?name[]=up`);
    expect([status, text]).toEqual([200, 'up 1\n']);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('names its paths at the root and where a path is unknown', async () => {
    const url = await serve();
    const root = await got(url);
    expect(root.status).toBe(200);
    for (const path of ['/metrics/', '/healthz/x', '/..%2fetc', '//healthz', '/favicon.ico']) {
      expect((await got(url + path)).status).toBe(404);
    }
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(root.text).toContain(path);
      expect((await got(`${url}/nothing`)).text).toContain(path);
    }
  });

  it('answers HEAD like GET, without a body', async () => {
    const url = await serve();
    expect(await got(`${url}/healthz`, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s', async (method) => {
    const answer = await got(`${await serve()}/metrics`, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('survives what it is asked for: a fault is an answer, and the next request is served', async () => {
    const url = await serve({ metrics: () => Promise.reject(new Error('a collector failed')) });
    expect(await got(`${url}/metrics`)).toMatchObject({
      status: 500,
      text: expect.stringContaining('a fault of the program: Error at http-server.test.ts'),
    });
    expect((await got(`${url}/healthz`)).status).toBe(200);
  });

  it('hands on what is asked for below /api, whatever its method, and answers with JSON', async () => {
    const url = await serve();
    const api = await got(`${url}/api/v1/x?a=1?b`, { method: 'DELETE' });
    expect(JSON.parse(api.text)).toEqual({ path: '/api/v1/x', query: 'a=1?b' });
    expect(Object.fromEntries(api.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(api.headers.get('access-control-allow-origin')).toBeNull();
    expect(JSON.parse((await got(`${url}/api`)).text)).toEqual({ path: '/api', query: '' });
    expect((await got(`${url}/apis`)).status).toBe(404);
  });

  it('answers with JSON where the API has a fault, without its message', async () => {
    const url = await serve({ api: () => Promise.reject(new Error('a secret')) });
    const { status, text } = await got(`${url}/api/v1/rules`);
    expect([status, JSON.parse(text).error.code]).toEqual([500, 'fault']);
    expect(text).not.toContain('a secret');
  });

  it('survives a request that is no HTTP', async () => {
    const url = await serve();
    const { hostname, port } = new URL(url);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.end('\u0000\u0001 nonsense\r\n\r\n'));
      socket.on('data', () => undefined);
      socket.on('close', () => resolve());
      socket.on('error', reject);
    });
    expect((await got(`${url}/healthz`)).status).toBe(200);
  });

  it('closes at once although a client holds its connection and an answer is under way', async () => {
    const url = await serve({ notReady: () => new Promise(() => undefined) });
    const hanging = new Promise((resolve) => {
      const asked = request(`${url}/readyz`);
      asked.on('error', resolve);
      asked.end();
    });
    await got(`${url}/healthz`);
    await server?.close();
    server = null;
    await hanging;
  });

  it('says which address is taken and what to do', async () => {
    const url = await serve();
    const port = Number(new URL(url).port);
    const second = serveHttp(
      { host: '127.0.0.1', port },
      {
        notReady: () => Promise.resolve(null),
        remark: () => null,
        metrics: () => Promise.reject(new Error('not asked')),
        api: () => Promise.reject(new Error('not asked')),
      },
    );
    await expect(second).rejects.toMatchObject({
      code: 'http_listen',
      message: expect.stringContaining(`127.0.0.1:${port}`),
      hint: expect.stringContaining('http.listen'),
    });
  });
});
