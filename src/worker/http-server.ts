// Answers /healthz, /readyz and /metrics, and hands /api/ on.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, wordsOf } from '../model/errors.ts';
import { type ApiAnswer, ApiError, type ApiRequest, errorAnswer } from './api/answer.ts';

/** What probes and scrapers are told. It is read at each request. */
export interface Status {
  /** Why the worker is not ready, or null when it is. */
  notReady(): Promise<string | null>;
  /** A line for people, whether the worker is ready or not; null for none. */
  remark(): string | null;
  /** The metrics as Prometheus text, with its content type. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** The answer to a request for a path below /api. */
  api(request: ApiRequest): Promise<ApiAnswer>;
}

export interface HttpServer {
  /** Where it listens: the port is the system's choice when 0 was asked for. */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves /healthz, /readyz, /metrics and the API, read-only. Throws AppError `http_listen` when it cannot listen. */
export async function serveHttp(
  listen: { readonly host: string; readonly port: number },
  status: Status,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s);
    if (path === '/api' || path.startsWith('/api/'))
      return void respondJson(request, path, query, status, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return answer(response, 405, 'only GET and HEAD are answered here\n');
    }
    respond(path, status, response).catch((error: unknown) => answer(response, 500, `${wordsOf(error)}\n`));
  });
  // A scraper that hangs must not hold the worker's shutdown.
  server.requestTimeout = 10_000;
  server.keepAliveTimeout = 1_000;
  await listening(server, listen);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respondJson(
  { method = 'GET', headers: { authorization, host } }: IncomingMessage,
  path: string,
  query: string,
  status: Status,
  response: ServerResponse,
): Promise<void> {
  const found = await status
    .api({ method, path, query, authorization, host })
    .catch((error: unknown) => errorAnswer(new ApiError(500, 'fault', wordsOf(error))));
  for (const [name, value] of Object.entries(found.headers)) response.setHeader(name, value);
  answer(response, found.status, `${found.text}\n`, 'application/json');
}

async function respond(path: string, status: Status, response: ServerResponse): Promise<void> {
  if (path === '/healthz') return answer(response, 200, 'ok\n');
  if (path === '/readyz') {
    const reason = await status.notReady();
    const remark = status.remark();
    const more = remark === null ? '' : `${remark}\n`;
    return reason === null
      ? answer(response, 200, `ready\n${more}`)
      : answer(response, 503, `not ready: ${reason}\n${more}`);
  }
  if (path === '/metrics') {
    const { contentType, text } = await status.metrics();
    return answer(response, 200, text, contentType);
  }
  if (path === '/')
    return answer(response, 200, 'spendwatch: /healthz /readyz /metrics /api/v1/openapi.json\n');
  return answer(response, 404, 'not here; try /healthz, /readyz, /metrics or /api/v1/openapi.json\n');
}

function answer(response: ServerResponse, code: number, text: string, contentType = 'text/plain'): void {
  response.writeHead(code, {
    'content-type': contentType.includes('charset') ? contentType : `${contentType}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function listening(server: Server, listen: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new AppError('http_listen', `cannot listen on ${listen.host}:${listen.port}: ${wordsOf(error)}`, {
          hint: 'choose another address with http.listen, or switch it off with listen: "off"',
          cause: error,
        }),
      ),
    );
    server.listen(listen.port, listen.host, () => resolve());
  });
}
