// Uses an embedded database through the process that has it open.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { AppError } from '../../model/errors.ts';
import { oneByOne } from '../../model/one-by-one.ts';
import type { Sql, SqlSession } from '../port.ts';
import { sqlStateOf } from '../sql-error.ts';
import { linesOf } from './lines.ts';
import { type Access, type Answer, faultOf, type Hello, PROTOCOL, type Request } from './protocol.ts';
import { decodedRows, encoded } from './wire-values.ts';

/** A worker may be busy with a poll, and each statement of that may take a minute. */
const ANSWER_MS = 75_000;

/**
 * The port to a database that another process serves on a socket; null where nobody listens. Queries come one after the
 * other, and wait for a transaction, as in the process itself. `name` names the database in errors.
 */
export async function connectSocket(path: string, access: Access, name: string): Promise<Sql | null> {
  const socket = await connected(path, name);
  if (socket === null) return null;
  const lines = linesOf(socket);
  const ask = async <Row>(request: Request | Hello): Promise<Row[]> => {
    await lines.send(request);
    const answer = (await lines.next(ANSWER_MS).catch((cause: unknown) => {
      // The answer may still come, and would be taken for that of the next request.
      lines.destroy();
      throw new AppError('store_unreachable', `${name}: the worker that has it open did not answer.`, {
        hint: 'Look whether the worker runs, and try again.',
        cause,
      });
    })) as Answer;
    if ('fault' in answer) throw faultOf(answer.fault);
    return decodedRows<Row>(answer);
  };
  const session: SqlSession = {
    query: (text, values) =>
      ask(values === undefined ? { query: text } : { query: text, values: values.map(encoded) }),
  };
  const inTurn = oneByOne();
  try {
    await ask({ spendwatch: PROTOCOL, access });
  } catch (error) {
    lines.destroy();
    throw error;
  }
  return {
    engine: 'pglite',
    isThroughWorker: true,
    query: (text, values) => inTurn(() => session.query(text, values)),
    transaction: ({ readOnly = false }, work) =>
      inTurn(async () => {
        await ask({ begin: { readOnly } });
        const result = await work(session).catch(async (error: unknown) => {
          await ask({ end: 'rollback' }).catch(() => undefined);
          throw error;
        });
        await ask({ end: 'commit' });
        return result;
      }),
    close: async () => void socket.end(() => socket.destroy()),
  };
}

async function connected(path: string, name: string): Promise<Socket | null> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    const code = sqlStateOf(error) ?? '';
    // No socket, or one that a killed worker left behind.
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return null;
    const hint = 'The worker lets in its own user only: run the command as that user.';
    throw new AppError('store_unreachable', `${name}: its worker cannot be reached at ${path}: ${code}`, {
      hint: code === 'EACCES' || code === 'EPERM' ? hint : null,
      cause: error,
    });
  }
}
