// Which other server answers where one of MySQL was expected.

import { connect } from 'node:net';
import { AppError } from '../../model/errors.ts';
import type { MysqlUrl } from './url.ts';

/** A server that expects its client to speak first. */
const OTHERS = {
  postgres: { name: 'PostgreSQL', cure: 'Write postgres:// into the URL' },
  http: { name: 'HTTP', cure: 'If it is ClickHouse, write clickhouse:// into the URL' },
} as const;

/** PostgreSQL's question for TLS, which it answers with one letter. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
/** With the line breaks behind it, what was sent is a bad request. */
const BLANK_LINES = '\r\n\r\n';
/** Each of the two is answered at once. */
const ANSWER_MS = 1000;

/** The fault that another server answers at the URL's host and port; null where that cannot be told. */
export async function otherServerAt({
  host,
  port,
  place,
}: Pick<MysqlUrl, 'host' | 'port' | 'place'>): Promise<AppError | null> {
  const answer = await answerAt(host, port);
  const kind = /^[SN]$/.test(answer) ? 'postgres' : answer.startsWith('HTTP/') ? 'http' : null;
  if (kind === null) return null;
  const { name, cure } = OTHERS[kind];
  return new AppError('store_unreachable', `${place} is no server of MySQL: ${name} is spoken there.`, {
    hint: `${cure}, or the port of MySQL, which is 3306 unless it was changed.`,
  });
}

/** The first bytes that a server says; empty where it says nothing. Never rejects. */
function answerAt(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const done = (answer: string): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write(SSL_REQUEST));
    socket.once('data', (bytes) => done(bytes.toString('latin1')));
    socket.once('error', () => done(''));
    socket.once('close', () => done(''));
    socket.setTimeout(ANSWER_MS, () => {
      socket.setTimeout(ANSWER_MS, () => done(''));
      socket.write(BLANK_LINES);
    });
  });
}
