// Lets commands use an embedded database that this process has open, through a Unix socket.

import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../../model/errors.ts';
import type { Sql, SqlSession } from '../port.ts';
import { type Lines, linesOf } from './lines.ts';
import {
  type Access,
  type Answer,
  DONE,
  faultAnswer,
  type Hello,
  PROTOCOL,
  type Request,
} from './protocol.ts';
import { decoded, encodedRows } from './wire-values.ts';

export interface SocketServer {
  /** Closes every connection; what was under way is rolled back. */
  close(): Promise<void>;
}

/** How long a command may be silent: at first, between requests, and in a transaction, for which this process waits. */
export const LIMITS = { helloMs: 5_000, idleMs: 600_000, pauseMs: 10_000, transactionMs: 60_000 };

const MOST_CONNECTIONS = 16;
const LONGEST_REQUEST = 16_000_000;

/**
 * Serves a database to commands of the same user. A transaction of a command has the database for itself, as every
 * transaction of this process has. It is rolled back when the command dies, and when it takes longer than `limits` say. The
 * caller must hold the lock of the folder, since a socket that is there is replaced. Throws the system's error when it
 * cannot listen.
 */
export async function serveSocket(path: string, sql: Sql, limits = LIMITS): Promise<SocketServer> {
  const open = new Set<Socket>();
  const talks = new Set<Promise<void>>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    const talk = converse(linesOf(socket, LONGEST_REQUEST), sql, limits).finally(() => talks.delete(talk));
    talks.add(talk);
  });
  server.maxConnections = MOST_CONNECTIONS;
  rmSync(path, { force: true });
  await listening(server, path);
  // Connections that fail one by one are not the server's end.
  server.on('error', () => undefined);
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await Promise.all([closed, ...talks]);
    },
  };
}

/** Listens on a socket that only its owner may use, from its first moment on. */
function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    const before = process.umask(0o177);
    try {
      // Makes the socket before it returns.
      server.listen(path);
    } finally {
      process.umask(before);
    }
  });
}

/** Answers one command until it leaves. Never rejects. */
async function converse(lines: Lines, sql: Sql, limits: typeof LIMITS): Promise<void> {
  try {
    const { spendwatch, access } = (await lines.next(limits.helloMs)) as Hello;
    if (spendwatch !== PROTOCOL) throw otherVersion();
    await lines.send(DONE);
    for (;;) {
      const request = (await lines.next(limits.idleMs)) as Request;
      if ('begin' in request) {
        await transact(
          lines,
          sql,
          { readOnly: access === 'read' || request.begin.readOnly === true },
          limits,
        );
      } else {
        await lines.send(await answer(() => single(sql, access, request)));
      }
    }
  } catch (error) {
    await lines.send(faultAnswer(error));
    lines.end();
  }
}

function single(sql: Sql, access: Access, request: Request): Promise<object[]> {
  if (access === 'write') return run(sql, request);
  return sql.transaction({ readOnly: true }, (session) => run(session, request));
}

class RolledBack extends Error {}

/** One transaction of a command. Throws when the command is gone or too slow, after it was rolled back. */
async function transact(
  lines: Lines,
  sql: Sql,
  options: { readonly readOnly: boolean },
  limits: typeof LIMITS,
): Promise<void> {
  let isBroken = false;
  const next = async (end: number): Promise<Request> => {
    try {
      return (await lines.next(Math.min(limits.pauseMs, end - performance.now()))) as Request;
    } catch (error) {
      isBroken = true;
      throw error instanceof AppError && error.code === 'wire_silent' ? tooSlow(limits) : error;
    }
  };
  const work = async (session: SqlSession): Promise<void> => {
    const end = performance.now() + limits.transactionMs;
    await lines.send(DONE);
    for (;;) {
      const request = await next(end);
      if ('end' in request && request.end === 'commit') return;
      if ('end' in request) throw new RolledBack();
      await lines.send(await answer(() => run(session, request)));
    }
  };
  try {
    await sql.transaction(options, work);
    await lines.send(DONE);
  } catch (error) {
    if (isBroken) throw error;
    await lines.send(error instanceof RolledBack ? DONE : faultAnswer(error));
  }
}

function run(session: SqlSession, request: Request): Promise<object[]> {
  if (!('query' in request)) throw new AppError('store_query_failed', 'a statement was expected');
  return session.query<object>(request.query, request.values?.map(decoded));
}

async function answer(ask: () => Promise<object[]>): Promise<Answer> {
  try {
    return encodedRows(await ask());
  } catch (error) {
    return faultAnswer(error);
  }
}

function tooSlow({ pauseMs, transactionMs }: typeof LIMITS): AppError {
  return new AppError(
    'store_timeout',
    `The transaction was rolled back: the command paused for more than ${pauseMs / 1000} s, or took longer than ${transactionMs / 1000} s.`,
  );
}

function otherVersion(): AppError {
  return new AppError('store_locked', 'The worker that has the folder open is of another version.', {
    hint: 'Restart the worker.',
  });
}
