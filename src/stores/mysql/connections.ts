// Connections to the server: few, each with the same settings, and ended with what they run.

import type { Connection } from 'mysql2';
import { AppError } from '../../model/errors.ts';
import { connect, end } from './connect.ts';
import { type OpenSession, openSession, type Session } from './session.ts';
import type { MysqlUrl } from './url.ts';

export interface Connections {
  /** Runs work on one snapshot of the database. */
  snapshot<T>(withinMs: number, work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A poll, a backfill and a command. */
const MOST = 3;
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
  let isClosed = false;
  const drop = (connection: Connection): void => {
    const at = idle.findIndex((one) => one.connection === connection);
    const [gone] = at === -1 ? [] : idle.splice(at, 1);
    if (gone !== undefined) clearTimeout(gone.timer);
    end(connection);
  };
  const acquire = async (): Promise<Connection> => {
    const one = idle.pop();
    if (one === undefined) {
      return connect(url, baseDir).catch((error: unknown) => {
        throw faultOf(error);
      });
    }
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
  const inTurn = openTurns(MOST);
  return {
    snapshot: (withinMs, work) =>
      inTurn(async () => {
        if (isClosed) throw closed(url);
        const connection = await acquire();
        if (isClosed) {
          end(connection);
          throw closed(url);
        }
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

/** So many at a time; who waits takes over the turn of the one who ends. */
function openTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = [];
  let count = 0;
  return async (work) => {
    if (count >= most) await new Promise<void>((resolve) => queue.push(resolve));
    else count += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) count -= 1;
      else next();
    }
  };
}

function closed({ place }: MysqlUrl): AppError {
  return new AppError('store_unreachable', `${place} was closed.`);
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
