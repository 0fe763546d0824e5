// Checks a connection without sending a request, for validate --connect.

import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Redact } from '../../model/redact.ts';
import { connectionFailure } from './failure.ts';
import { peerOf, portOf, throughProxy } from './http.ts';
import type { HttpProxy } from './proxy.ts';

/**
 * Connects to the host of a URL, with a TLS handshake for https, and sends no request that could be taken for a message.
 * When plain HTTP goes through a proxy, this checks only the connection to the proxy.
 */
export async function checkConnection(
  url: string,
  redact: Redact,
  signal: AbortSignal,
  via: HttpProxy | null,
): Promise<string> {
  const peer = peerOf(url);
  if (via === null) {
    await reach(url, null, signal).catch((error: unknown) => {
      throw connectionFailure(peer, error, signal, redact);
    });
    return `connected to ${peer}`;
  }
  const isTls = url.startsWith('https:');
  try {
    await (isTls
      ? reach(url, await via.tunnel(hostOf(url), signal), signal)
      : reach(via.origin, null, signal));
  } catch (error) {
    throw via.failureOf(peer, error) ?? connectionFailure(throughProxy(peer, via), error, signal, redact);
  }
  return isTls
    ? `connected to ${throughProxy(peer, via)}`
    : `connected to the proxy ${via.name}; a connection to ${peer} is tried only when a message is sent`;
}

/** Opens a connection, over `socket` if it is given, and closes it as soon as it is established. */
async function reach(url: string, over: Socket | null, signal: AbortSignal): Promise<void> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const port = portOf(target);
  const isTls = target.protocol === 'https:';
  const way = over === null ? { host, port } : { socket: over };
  const socket: Socket | TLSSocket = isTls
    ? connectTls({ ...way, servername: serverName(host) })
    : connect({ host, port });
  const abort = (): void => void socket.destroy(new Error('aborted'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(isTls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
  } finally {
    signal.removeEventListener('abort', abort);
    socket.on('error', () => undefined);
    socket.destroy();
    over?.destroy();
  }
}

/** `host:port` as CONNECT names it. */
function hostOf(url: string): string {
  const target = new URL(url);
  return `${target.hostname}:${portOf(target)}`;
}

/** The server name for TLS; empty for an IP address, which TLS does not allow there. */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
