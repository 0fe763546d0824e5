// Connects to the server, encrypted as the URL says.

import type { Socket } from 'node:net';
import type { Connection, ConnectionOptions } from 'mysql2';
import { AppError } from '../../model/errors.ts';
import { encryptionOf } from '../../sql/postgres-tls.ts';
import { loadDriver } from './driver.ts';
import { otherServerAt } from './other-server.ts';
import type { MysqlUrl } from './url.ts';

const CONNECT_MS = 10_000;
/** A server of MySQL speaks first, but may look up the client's name before. */
const SILENT_MS = 2000;

export async function connect(url: MysqlUrl, baseDir: string): Promise<Connection> {
  const { createConnection } = await loadDriver();
  const { ssl, otherwise } = await encryptionOf(url.parameters, baseDir);
  const open = (encryption: typeof ssl): Promise<Connection> =>
    new Promise((resolve, reject) => {
      const connection = createConnection(optionsOf(url, encryption));
      const greeted = onSilence(connection, async () => {
        const other = await otherServerAt(url);
        if (other === null) return;
        end(connection);
        reject(other);
      });
      let isReached = false;
      streamOf(connection).once('connect', () => {
        isReached = true;
      });
      const refuse = (error: unknown): void =>
        reject(isReached && codeOf(error) === 'ETIMEDOUT' ? silentFault(url) : error);
      connection.once('error', refuse);
      connection.connect((error) => {
        greeted();
        if (error !== null && error !== undefined) {
          end(connection);
          return refuse(error);
        }
        connection.removeListener('error', refuse);
        resolve(connection);
      });
    });
  try {
    return await open(ssl);
  } catch (error) {
    if (otherwise === null || !ENCRYPTION_REFUSED.includes(codeOf(error))) throw error;
    return open(otherwise);
  }
}

const ENCRYPTION_REFUSED = ['HANDSHAKE_NO_SSL_SUPPORT', 'ER_SECURE_TRANSPORT_REQUIRED'];

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Nobody knows what it is: no server whose first question is known. */
function silentFault({ place }: MysqlUrl): AppError {
  return new AppError(
    'store_unreachable',
    `${place} accepts connections, but says nothing: it does not answer as MySQL does.`,
    { hint: 'Check scheme, host and port of the URL: MySQL has 3306 unless it was changed.' },
  );
}

function optionsOf(
  { host, port, user, password, database }: MysqlUrl,
  ssl: Awaited<ReturnType<typeof encryptionOf>>['ssl'],
): ConnectionOptions {
  return {
    host,
    port,
    user,
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(ssl === undefined || ssl === false
      ? {}
      : {
          ssl: {
            ...(ssl as object),
            verifyIdentity: ssl.rejectUnauthorized !== false && ssl.checkServerIdentity === undefined,
          },
        }),
    charset: 'utf8mb4_general_ci',
    connectTimeout: CONNECT_MS,
    // Values as the server wrote them: decimals and large whole numbers as text, times and JSON too.
    dateStrings: true,
    supportBigNumbers: true,
    jsonStrings: true,
  };
}

/** Calls back once where a server that was reached has said nothing for a while. The function that is returned calls it off. */
function onSilence(connection: Connection, then: () => void): () => void {
  const stream = streamOf(connection);
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => clearTimeout(timer);
  stream.once('connect', () => {
    timer = setTimeout(then, SILENT_MS);
    stream.once('data', stop);
    stream.once('close', stop);
  });
  return stop;
}

function streamOf(connection: Connection): Socket {
  return (connection as unknown as { readonly stream: Socket }).stream;
}

/** At once, whatever is still to be read. */
export function end(connection: Connection): void {
  connection.on('error', () => undefined);
  connection.destroy();
  streamOf(connection).destroy();
}
