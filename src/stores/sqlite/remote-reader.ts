// Asks the process that reads a SQLite file, and ends it when an answer takes too long.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../model/errors.ts';
import type { RowReader } from '../rows/row-reader.ts';
import type { ReaderOptions, ReaderQuestion, ReaderReply } from './reader.ts';

export interface RemoteReader {
  /** Throws AppError `store_timeout` when there is no answer in time, and ends the process. */
  ask(question: ReaderQuestion, values: readonly unknown[], withinMs: number): Promise<unknown>;
  /** The same for the questions of a snapshot. */
  asReader(withinMs: number): RowReader;
  close(): Promise<void>;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: AppError): void;
}

const MOST_START_MS = 30_000;
/** Sources run in development need the loader that runs them. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const MAIN = fileURLToPath(new URL(`./reader-process${EXTENSION}`, import.meta.url));

/** The process starts with the first question, and again after it was ended. */
export function openRemoteReader(options: ReaderOptions): RemoteReader {
  const { shown } = options;
  let child: ChildProcess | null = null;
  let isUp = false;
  let isClosed = false;
  let count = 0;
  const waiting = new Map<number, Waiting>();
  const failAll = (error: AppError): void => {
    for (const one of [...waiting.values()]) one.reject(error);
  };
  const started = (): ChildProcess => {
    child ??= start(
      options,
      (reply) => {
        isUp = true;
        const one = waiting.get(reply.id);
        if (reply.fault === undefined) one?.resolve(reply.answer);
        else one?.reject(errorOf(reply.fault));
      },
      (ended, how) => {
        if (child !== ended) return;
        child = null;
        isUp = false;
        failAll(away(`The process that reads ${shown} has ended: ${how}.`));
      },
    );
    return child;
  };
  const kill = (why: AppError): void => {
    const ended = child;
    child = null;
    isUp = false;
    ended?.kill('SIGKILL');
    failAll(why);
  };
  const ask: RemoteReader['ask'] = (question, values, withinMs) =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(away(`${shown} was closed.`));
      // A snapshot ends with the process.
      if (question === 'end' && child === null) return resolve(undefined);
      const process = started();
      count += 1;
      const id = count;
      process.channel?.ref();
      // How long a process takes to start says nothing about the file.
      const limitMs = isUp ? withinMs : withinMs + MOST_START_MS;
      const timer = setTimeout(() => kill(tooSlow(shown, limitMs)), limitMs);
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          waiting.delete(id);
          if (waiting.size === 0) process.channel?.unref();
          settle(value);
        };
      };
      waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      process.send({ id, question, values }, (error) => {
        if (error !== null) waiting.get(id)?.reject(away(`${shown} cannot be read now.`));
      });
    });
  return {
    ask,
    asReader: (withinMs) => remote((question, values) => ask(question, values, withinMs)),
    async close() {
      isClosed = true;
      kill(away(`${shown} was closed.`));
    },
  };
}

function start(
  options: ReaderOptions,
  onReply: (reply: ReaderReply) => void,
  onEnd: (child: ChildProcess, how: string) => void,
): ChildProcess {
  const child = fork(MAIN, [], {
    serialization: 'advanced',
    execArgv: EXTENSION === '.ts' ? ['--import', import.meta.resolve('tsx')] : [],
    // Nothing may stand between the lines of the log.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // It needs nothing of the environment, which holds secrets.
    env: {},
  });
  child.on('message', onReply);
  child.on('error', (error) => onEnd(child, error.message));
  child.on('exit', (code, signal) => onEnd(child, signal ?? `exit ${code}`));
  // Waiting for a question must not keep the program alive.
  child.unref();
  child.channel?.unref();
  child.send(options);
  return child;
}

function away(message: string): AppError {
  return new AppError('store_unreachable', message);
}

type Ask = (question: ReaderQuestion, values: readonly unknown[]) => Promise<unknown>;

function remote(ask: Ask): RowReader {
  return {
    newestRow: (before) => ask('newestRow', [before]) as ReturnType<RowReader['newestRow']>,
    hasRow: (span) => ask('hasRow', [span]) as ReturnType<RowReader['hasRow']>,
    cells: (read) => ask('cells', [read]) as ReturnType<RowReader['cells']>,
    buckets: (aggregates, edges, ranges) =>
      ask('buckets', [aggregates, edges, ranges]) as ReturnType<RowReader['buckets']>,
    calls: (read) => ask('calls', [read]) as ReturnType<RowReader['calls']>,
    digests: (aggregates, edges) => ask('digests', [aggregates, edges]) as ReturnType<RowReader['digests']>,
    newestId: () => ask('newestId', []) as ReturnType<RowReader['newestId']>,
    arrivals: (after, gaps, openFrom) =>
      ask('arrivals', [after, gaps, openFrom]) as ReturnType<RowReader['arrivals']>,
    async unreadable(names, ranges) {
      const found = (await ask('unreadable', [names, ranges])) as [
        string,
        NonNullable<ReaderReply['fault']>,
      ][];
      return found.map(([name, fault]) => [name, errorOf(fault)] as const);
    },
  };
}

function errorOf({ code, message, hint }: NonNullable<ReaderReply['fault']>): AppError {
  return new AppError(code, message, { hint });
}

function tooSlow(shown: string, withinMs: number): AppError {
  return new AppError('store_timeout', `${shown} did not answer within ${Math.round(withinMs / 1000)} s.`, {
    hint: 'Check that the time column has an index, or shorten the windows and baselines of the rules.',
  });
}
