// One connection with its statements: small answers, and rows as they come, within a time limit.

import type { Connection, FieldPacket } from 'mysql2';
import { AppError } from '../../model/errors.ts';
import type { RowValue } from '../rows/row-source.ts';

export type Values = readonly RowValue[];

export interface Session {
  /** The rows of a statement with a small answer. */
  all(text: string): Promise<Values[]>;
  /** The types of the columns of a statement, by their numbers in the protocol. */
  types(text: string): Promise<number[]>;
  /** The rows of a statement in batches, as they come. Who stops before the end gives up the connection. */
  batches(text: string): AsyncIterable<Values[]>;
}

const BATCH = 1_000;
/** So many batches wait for whoever adds them up; then the server waits. */
const MOST_WAITING = 4;
/** The server's own limit comes first, and leaves the connection usable. */
const GRACE_MS = 2_000;

export interface OpenSession extends Session {
  /** Ends what runs with this error. */
  fail(error: Error): void;
  /** Why the connection is of no use any more; null as long as it is. */
  fault(): Error | null;
}

/** What a session is opened with. */
export interface SessionOptions {
  readonly withinMs: number;
  /** Turns the driver's errors into AppErrors. */
  faultOf(error: unknown): AppError;
  /** Ends the connection, and what the server does for it. */
  giveUp(): void;
}

export function openSession(
  connection: Connection,
  { withinMs, faultOf, giveUp }: SessionOptions,
): OpenSession {
  let broken: Error | null = null;
  const waiting = new Set<(error: Error) => void>();
  const fail = (error: Error): void => {
    broken ??= error;
    for (const one of [...waiting]) one(error);
  };
  connection.on('error', fail);
  const abandon = (error: Error): void => {
    fail(error);
    giveUp();
  };
  const limit = (): NodeJS.Timeout => setTimeout(() => abandon(tooSlow(withinMs)), withinMs + GRACE_MS);
  const ask = (text: string): Promise<{ rows: Values[]; fields: FieldPacket[] }> =>
    new Promise((resolve, reject) => {
      if (broken !== null) return reject(faultOf(broken));
      const timer = limit();
      const done = (): void => {
        clearTimeout(timer);
        waiting.delete(onFault);
      };
      const onFault = (error: Error): void => {
        done();
        reject(faultOf(error));
      };
      waiting.add(onFault);
      connection.query({ sql: text, rowsAsArray: true }, (error, rows, fields) => {
        if (error !== null) return onFault(error);
        done();
        resolve({ rows: rows as unknown as Values[], fields: fields ?? [] });
      });
    });
  return {
    all: async (text) => (await ask(text)).rows,
    types: async (text) => (await ask(text)).fields.map(({ columnType, type }) => columnType ?? type ?? -1),
    batches: (text) =>
      batchesOf(connection, text, {
        fault: () => broken,
        faultOf,
        waiting,
        limit,
        stop: () => abandon(new AppError('store_unreachable', 'The reader stopped.')),
      }),
    fail,
    fault: () => broken,
  };
}

interface Running {
  fault(): Error | null;
  faultOf(error: unknown): AppError;
  readonly waiting: Set<(error: Error) => void>;
  /** Starts a time limit. */
  limit(): NodeJS.Timeout;
  stop(): void;
}

async function* batchesOf(
  connection: Connection,
  text: string,
  { fault, faultOf, waiting, limit, stop }: Running,
): AsyncGenerator<Values[]> {
  const broken = fault();
  if (broken !== null) throw faultOf(broken);
  const batches: Values[][] = [];
  let batch: Values[] = [];
  let state: 'running' | 'ended' | Error = 'running';
  let wake = (): void => undefined;
  let isPaused = false;
  let timer = limit();
  const settle = (how: 'ended' | Error): void => {
    if (state === 'running') state = how;
    wake();
  };
  waiting.add(settle);
  const query = connection.query({ sql: text, rowsAsArray: true });
  query.on('result', (row) => {
    batch.push(row as unknown as Values);
    if (batch.length < BATCH) return;
    batches.push(batch);
    batch = [];
    if (batches.length >= MOST_WAITING) {
      isPaused = true;
      connection.pause();
    }
    wake();
  });
  query.on('error', settle);
  query.on('end', () => settle('ended'));
  try {
    for (;;) {
      const next = batches.shift();
      if (next !== undefined) {
        // The time that the process takes to add up is not the server's.
        clearTimeout(timer);
        yield next;
        timer = limit();
        if (isPaused && batches.length === 0) {
          isPaused = false;
          connection.resume();
        }
      } else if (state === 'running') {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (state === 'ended') {
        if (batch.length > 0) yield batch;
        return;
      } else {
        throw faultOf(state);
      }
    }
  } finally {
    clearTimeout(timer);
    waiting.delete(settle);
    if (state === 'running') stop();
  }
}

function tooSlow(withinMs: number): AppError {
  return new AppError('store_timeout', `MySQL did not answer within ${Math.round(withinMs / 1000)} s.`, {
    hint: TIMEOUT_HINT,
  });
}

export const TIMEOUT_HINT =
  'Check that the time column has an index, or shorten the windows and baselines of the rules.';
