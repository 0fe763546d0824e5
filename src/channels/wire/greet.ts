import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Redact } from '../../model/redact.ts';
import { connectionFailure } from './failure.ts';
import { peerOf } from './http.ts';

/** Connects to the host of a URL, and shakes hands for https, without a request that could be taken for a message. */
export async function greet(url: string, redact: Redact, signal: AbortSignal): Promise<string> {
  const { hostname, protocol } = new URL(url);
  const peer = peerOf(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(peer.slice(peer.lastIndexOf(':') + 1));
  const isTls = protocol === 'https:';
  const socket = isTls ? connectTls({ host, port, servername: serverName(host) }) : connect({ host, port });
  const abort = (): void => void socket.destroy(new Error('aborted'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(isTls ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
    return `connected to ${peer}`;
  } catch (error) {
    throw connectionFailure(peer, error, signal, redact);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

/** An address is no server name: TLS has a field for names alone. */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
