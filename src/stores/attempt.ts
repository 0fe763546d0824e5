// Runs statements that may fail without ending their transaction.

import { AppError, messageOf } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';

/** Runs `work` within a transaction. When it throws, only its own statements are undone, and the transaction goes on. */
export async function attempt<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  await session.query('SAVEPOINT attempt');
  try {
    const result = await work();
    await session.query('RELEASE SAVEPOINT attempt');
    return result;
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'store_unreachable')) {
      await session.query('ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt');
    }
    throw error;
  }
}

/** The database's own message, without the name of the database. */
export function databaseMessage(error: AppError): string {
  return messageOf(error.cause ?? error);
}
