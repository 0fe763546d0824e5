// A local HTTP server that records requests.

import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bytes: Buffer;
}

/** The answer of a receiver: `hang` never answers, `drop` breaks off the connection. */
export type HttpReply =
  | 'hang'
  | 'drop'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

export interface HttpReceiver {
  readonly port: number;
  close(): Promise<void>;
}

/** A server that passes each complete request to `answer`. With `tls` it speaks https. */
export async function startHttpReceiver(
  answer: (request: ReceivedRequest) => HttpReply,
  tls: { readonly key: string; readonly cert: string } | null = null,
): Promise<HttpReceiver> {
  const server = tls === null ? createServer() : createTlsServer({ ...tls });
  server.on('request', (request, response) => {
    read(request).then((received) => {
      const reply = answer(received);
      if (reply === 'hang') return;
      if (reply === 'drop') request.socket.destroy();
      else response.writeHead(reply.status, { ...reply.headers }).end(reply.body ?? '');
    }, ignored);
  });
  server.on('tlsClientError', ignored);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  const { method = '', url: path = '' } = request;
  const bytes = Buffer.concat(chunks);
  return { method, path, headers: Object.fromEntries(headers), body: bytes.toString(), bytes };
}

/** A sender that disconnects in the middle is not an error of the receiver. */
function ignored(): void {}
