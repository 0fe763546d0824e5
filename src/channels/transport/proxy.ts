// Connects through an HTTP proxy, and tells the proxy's failures from the receiver's.

import type { Socket } from 'node:net';
import { SendError } from '../../model/errors.ts';
import { codeOf } from './failure.ts';
import { basicAuth, loginOf } from './login.ts';
import { type NamedProxy, parseProxy } from './proxy-choice.ts';

/** Reaches receivers through a proxy. */
export interface HttpProxy {
  /** The proxy's name in messages: host, port, and the key or variable that names it. */
  readonly name: string;
  /** Its own address, without a login. */
  readonly origin: string;
  /** Texts that must not be shown anywhere. */
  readonly secrets: readonly string[];
  readonly fetch: typeof fetch;
  /** A connection to a receiver (`host:port`) through the proxy, for any protocol. */
  tunnel(peer: string, signal: AbortSignal): Promise<Socket>;
  /** The failure of the proxy itself; null if the failure is the receiver's. */
  failureOf(peer: string, error: unknown): SendError | null;
  close(): Promise<void>;
}

/** With these codes the connection failed, and the first connection is the one to the proxy. */
const UNREACHED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/;
/** The library reports a proxy's refusal only in its message. */
const REFUSED = /^Proxy response \((\d+)\)|^Proxy Authentication Required \((407)\)/;

/** Null if no proxy was chosen. The library is loaded only if there is one. */
export async function openProxy(chosen: NamedProxy | null): Promise<HttpProxy | null> {
  const url = chosen === null ? null : parseProxy(chosen.url.reveal());
  if (chosen === null || url === null) return null;
  const { Client, fetch: fetchThrough, ProxyAgent } = await import('undici');
  const { origin, host, protocol } = url;
  const name = `${url.port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host} (${chosen.source})`;
  const login = loginOf(url);
  const token = login === null ? null : basicAuth(login);
  // Plain HTTP requests go to the proxy itself, as curl does it. Many proxies allow CONNECT only to port 443.
  const dispatcher = new ProxyAgent({
    uri: origin,
    proxyTunnel: false,
    ...(token === null ? {} : { token }),
  });
  return {
    name,
    origin,
    secrets: login === null ? [] : [login, url.password, decodeURIComponent(url.password), token ?? ''],
    fetch: ((target: string | URL, init: object) =>
      fetchThrough(target, { ...init, dispatcher })) as unknown as typeof fetch,
    async tunnel(peer, signal) {
      const client = new Client(origin);
      const headers = { host: peer, ...(token === null ? {} : { 'proxy-authorization': token }) };
      const { statusCode, socket } = await client.connect({ path: peer, headers, signal });
      // The socket belongs to the caller now.
      void client.close().catch(() => undefined);
      if (statusCode >= 200 && statusCode < 300) return socket as Socket;
      socket.on('error', () => undefined).destroy();
      throw new Error(`Proxy response (${statusCode})`);
    },
    failureOf: (peer, error) => proxyFailure(name, peer, error),
    close: () => dispatcher.destroy(),
  };
}

/** The failure that an HTTP status of the proxy means. */
export function proxyRefusal(name: string, peer: string, status: number): SendError {
  if (status === 407) {
    const hint = 'give it a login that it takes, http://user:password@host:port';
    return new SendError('auth', 'person', `the proxy ${name} wants another login (HTTP 407): ${hint}`);
  }
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    return new SendError(
      'refused',
      'person',
      `the proxy ${name} does not let us through to ${peer} (HTTP ${status})`,
    );
  }
  return new SendError('unreachable', 'passing', `the proxy ${name} does not reach ${peer} (HTTP ${status})`);
}

function proxyFailure(name: string, peer: string, error: unknown): SendError | null {
  for (let current = error; current instanceof Error; current = current.cause) {
    const [, tunnelled, plain] = REFUSED.exec(current.message) ?? [];
    const status = tunnelled ?? plain;
    if (status !== undefined) return proxyRefusal(name, peer, Number(status));
  }
  const code = codeOf(error);
  if (code === null || !UNREACHED.test(code)) return null;
  return new SendError('unreachable', 'passing', `cannot reach the proxy ${name}: ${code}`);
}
