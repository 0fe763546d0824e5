// Connections to the server: few, each with the same settings, and ended with what they run.

import type { Connection, ConnectionOptions } from 'mysql2';
import { AppError } from '../../model/errors.ts';
import { encryptionOf } from '../../sql/postgres-tls.ts';
import { loadDriver } from './driver.ts';
import { type OpenSession, openSession, type Session } from './session.ts';
import type { MysqlUrl } from './url.ts';

export interface Connections {
  /** Runs work on one snapshot of the database. */
  snapshot<T>(withinMs: number, work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A poll, a backfill and a command. */
const MOST = 3;
const CONNECT_MS = 10_000;
/** Firewalls and servers forget connections that are idle for long. */
const IDLE_MS = 30_000;

/**
 * A known syntax whatever the server's sql_mode, times in UTC, and limits by the name that MariaDB and MySQL have for them. Sums in
 * place of rows are refused by ONLY_FULL_GROUP_BY. Consistent snapshots exist only at this isolation level.
 */
function settings(withinMs: number): string[] {
  const mariadb = `/*M!100100 , max_statement_time = ${withinMs / 1000} */`;
  const mysql = `/*!80000 , max_execution_time = ${Math.ceil(withinMs)} */`;
  return [
    `SET SESSION sql_mode = 'ONLY_FULL_GROUP_BY', time_zone = '+00:00' ${mariadb} ${mysql}`,
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
  ];
}

interface Idle {
  readonly connection: Connection;
  readonly timer: NodeJS.Timeout;
}

export function openConnections(
  url: MysqlUrl,
  baseDir: string,
  faultOf: (error: unknown) => AppError,
): Connections {
  const idle: Idle[] = [];
  const running = new Map<Connection, OpenSession>();
  const queue: (() => void)[] = [];
  let count = 0;
  let isClosed = false;
  const drop = (connection: Connection): void => {
    const at = idle.findIndex((one) => one.connection === connection);
    const [gone] = at === -1 ? [] : idle.splice(at, 1);
    if (gone !== undefined) clearTimeout(gone.timer);
    end(connection);
  };
  const acquire = async (): Promise<Connection> => {
    const one = idle.pop();
    if (one === undefined) return connect(url, baseDir);
    clearTimeout(one.timer);
    return one.connection;
  };
  const release = (connection: Connection): void => {
    if (isClosed) {
      end(connection);
      return;
    }
    const timer = setTimeout(() => drop(connection), IDLE_MS);
    timer.unref();
    idle.push({ connection, timer });
  };
  const killing = new Set<Promise<void>>();
  const kill = (connection: Connection): void => {
    end(connection);
    const done = killOnServer(connection.threadId, url, baseDir);
    killing.add(done);
    void done.finally(() => killing.delete(done));
  };
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (count >= MOST) await new Promise<void>((resolve) => queue.push(resolve));
    count += 1;
    try {
      return await work();
    } finally {
      count -= 1;
      queue.shift()?.();
    }
  };
  return {
    snapshot: (withinMs, work) =>
      inTurn(async () => {
        if (isClosed) throw closed(url);
        const connection = await acquire();
        const giveUp = (): void => kill(connection);
        const session = openSession(connection, { withinMs, faultOf, giveUp });
        running.set(connection, session);
        try {
          for (const text of settings(withinMs)) await session.all(text);
          return await work(session);
        } finally {
          await session.all('ROLLBACK').catch(session.fail);
          running.delete(connection);
          connection.removeAllListeners('error');
          connection.on('error', () => drop(connection));
          if (session.fault() === null) release(connection);
          else end(connection);
        }
      }),
    async close() {
      isClosed = true;
      for (const { connection } of [...idle]) drop(connection);
      for (const [connection, session] of [...running]) {
        session.fail(closed(url));
        kill(connection);
      }
      await Promise.all(killing);
    },
  };
}

function closed({ place }: MysqlUrl): AppError {
  return new AppError('store_unreachable', `${place} was closed.`);
}

/** At once, whatever is still to be read. */
function end(connection: Connection): void {
  connection.on('error', () => undefined);
  connection.destroy();
  (connection as unknown as { readonly stream: { destroy(): void } }).stream.destroy();
}

/** What a server does goes on when its client has left. Every login may end its own connections. */
async function killOnServer(id: number | null, url: MysqlUrl, baseDir: string): Promise<void> {
  if (id === null) return;
  try {
    const connection = await connect(url, baseDir);
    await new Promise((resolve) => connection.query(`KILL ${id}`, resolve));
    end(connection);
  } catch {
    // It ends by the server's own limit.
  }
}

async function connect(url: MysqlUrl, baseDir: string): Promise<Connection> {
  const { createConnection } = await loadDriver();
  const { ssl, otherwise } = await encryptionOf(url.parameters, baseDir);
  const open = (encryption: typeof ssl): Promise<Connection> =>
    new Promise((resolve, reject) => {
      const connection = createConnection(optionsOf(url, encryption));
      connection.once('error', reject);
      connection.connect((error) => {
        if (error !== null && error !== undefined) {
          end(connection);
          return reject(error);
        }
        connection.removeListener('error', reject);
        resolve(connection);
      });
    });
  try {
    return await open(ssl);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (otherwise === null || !ENCRYPTION_REFUSED.includes(String(code))) throw error;
    return open(otherwise);
  }
}

const ENCRYPTION_REFUSED = ['HANDSHAKE_NO_SSL_SUPPORT', 'ER_SECURE_TRANSPORT_REQUIRED'];

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
