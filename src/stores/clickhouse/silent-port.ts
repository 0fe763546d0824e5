// Whether a port that accepts connections says anything at all.

import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ServerUrl } from './server-url.ts';

/** How long a server may say nothing to its first statement before it is asked something simple. */
const SILENT_MS = 4_000;
/** How long it may say nothing to that. */
const ANSWER_MS = 4_000;

/**
 * Calls back if a server that has not answered yet says nothing to a simple question either. The function that is returned calls it
 * off.
 */
export function onSilence(url: Pick<ServerUrl, 'http'>, then: () => void): () => void {
  let isOff = false;
  const timer = setTimeout(async () => {
    if ((await isSilent(url.http)) && !isOff) then();
  }, SILENT_MS);
  return () => {
    isOff = true;
    clearTimeout(timer);
  };
}

/**
 * Every server of HTTP answers /ping at once, however long its statements take. With TLS the handshake is answer enough: what stands in
 * front of a server that sleeps lets requests wait until it is awake. Never rejects.
 */
function isSilent(address: string): Promise<boolean> {
  const { protocol, hostname, port, host } = new URL(address);
  const at = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
  return new Promise((resolve) => {
    // Nothing is sent, and the statement checks the certificate.
    const socket =
      protocol === 'https:'
        ? connectTls({ ...at, port: Number(port || 443), rejectUnauthorized: false })
        : connect(at);
    const done = (silent: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(silent);
    };
    socket.once('connect', () => {
      if (protocol === 'http:')
        socket.write(`GET /ping HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    for (const event of ['data', 'secureConnect', 'error', 'close']) socket.once(event, () => done(false));
    // What cannot be reached at all fails the statement, too.
    const timer = setTimeout(() => done(!socket.connecting), ANSWER_MS);
  });
}
