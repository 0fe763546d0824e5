// Statements to a ClickHouse server: limits, cancelling, and answers as columns or rows.

import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { AppError } from '../../model/errors.ts';
import { clickhouseError, refusesLimits, silentFault } from './clickhouse-error.ts';
import { loadDriver } from './driver.ts';
import type { Statement } from './names.ts';
import type { ServerUrl } from './server-url.ts';
import { onSilence } from './silent-port.ts';

/** A value of an answer. Numbers that JSON cannot hold exactly are asked for as texts. */
export type Value = string | number | boolean | null;

/** One connection: a load balancer gives all its statements to the same replica. */
export interface Connection {
  /** The answer's columns. Throws AppErrors. */
  query(statement: string | Statement): Promise<readonly (readonly Value[])[]>;
  /** The answer's rows. */
  rows(statement: Statement): Promise<readonly (readonly Value[])[]>;
}

/** A store's way to its server. */
export interface Server {
  /** Works with a connection whose statements may take `withinMs` each. */
  connected<T>(withinMs: number, work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Cancels what runs. */
  close(): Promise<void>;
}

/** How long beyond its limit a statement is waited for: the server looks at its clock between blocks of rows. */
const GRACE_MS = 2_000;
const KILL_MS = 2_000;

/** What a server's connections have in common. */
interface Shared {
  readonly url: ServerUrl;
  readonly running: Set<AbortController>;
  isClosed: boolean;
  hasAnswered: boolean;
  /** A login with readonly = 1, or whose profile has other limits, may not set them. */
  setsNothing: boolean;
}

export function openServer(url: ServerUrl): Server {
  const shared: Shared = { url, running: new Set(), isClosed: false, hasAnswered: false, setsNothing: false };
  return {
    async connected(withinMs, work) {
      const client = await clientFor(url, withinMs + GRACE_MS);
      const ask = <T>(statement: Statement, format: Format, parse: (text: string) => T): Promise<T> =>
        answerTo(statement, format, parse, { shared, client, withinMs });
      try {
        return await work({
          query: (statement) =>
            ask(
              typeof statement === 'string' ? { text: statement, values: {} } : statement,
              'JSONCompactColumns',
              (text) => (text.trim() === '' ? [] : (JSON.parse(text) as Value[][])),
            ),
          rows: (statement) =>
            ask(statement, 'JSONCompactEachRow', (text) =>
              text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Value[]])),
            ),
        });
      } finally {
        await client.close();
      }
    },
    async close() {
      shared.isClosed = true;
      for (const controller of shared.running) controller.abort();
    },
  };
}

type Format = 'JSONCompactColumns' | 'JSONCompactEachRow';

interface Asking {
  readonly shared: Shared;
  readonly client: ClickHouseClient;
  readonly withinMs: number;
}

/** Asks once more without limits where the login may not set them. */
async function answerTo<T>(
  statement: Statement,
  format: Format,
  parse: (text: string) => T,
  { shared, client, withinMs }: Asking,
): Promise<T> {
  const { url, running } = shared;
  const controller = new AbortController();
  const id = randomUUID();
  const ask = async (): Promise<string> => {
    const result = await client.query({
      query: statement.text,
      // The client's types do not know all of ClickHouse's formats.
      format: format as 'JSONCompactEachRow',
      query_params: { ...statement.values },
      query_id: id,
      abort_signal: controller.signal,
      clickhouse_settings: {
        ...(shared.setsNothing ? {} : limits(withinMs)),
        ...url.settings,
        ...WHOLE,
      },
    });
    return result.text();
  };
  running.add(controller);
  const timer = setTimeout(() => controller.abort(), withinMs + GRACE_MS);
  let isSilent = false;
  const answered = shared.hasAnswered
    ? () => undefined
    : onSilence(url, () => {
        isSilent = true;
        controller.abort();
      });
  try {
    const text = await ask().catch((error: unknown) => {
      if (shared.setsNothing || !refusesLimits(error)) throw error;
      shared.setsNothing = true;
      return ask();
    });
    shared.hasAnswered = true;
    return parsed(text, parse, url);
  } catch (error) {
    if (!controller.signal.aborted && !isTimeout(error)) throw clickhouseError(error, url);
    if (isSilent) throw silentFault(url);
    await kill(url, id);
    if (shared.isClosed)
      throw new AppError('store_unreachable', `${url.place}: the statement was cancelled.`);
    throw clickhouseError(new Error(TIMEOUT), url);
  } finally {
    answered();
    clearTimeout(timer);
    running.delete(controller);
  }
}

/** An answer that breaks off must not be taken for a whole one: the server sends it when it has all of it. */
const WHOLE = { wait_end_of_query: 1 } as const;

/** Beyond these a statement continues on the server's disk, or fails. The URL may set others. */
function limits(withinMs: number): Record<string, string | number> {
  return {
    max_execution_time: Math.max(1, Math.ceil(withinMs / 1000)),
    max_memory_usage: '4000000000',
    max_bytes_before_external_group_by: '1000000000',
    max_bytes_before_external_sort: '1000000000',
    cancel_http_readonly_queries_on_client_close: 1,
    // A right on a column is none on its parts, such as the sizes of a map, which are read in its place.
    optimize_functions_to_subcolumns: 0,
  };
}

function parsed<T>(text: string, parse: (text: string) => T, url: ServerUrl): T {
  try {
    return parse(text);
  } catch (cause) {
    throw new AppError('store_unreachable', `${url.place} gave an answer that is not whole.`, {
      hint: 'Look at what stands between here and the server. The next poll asks again.',
      cause,
    });
  }
}

const TIMEOUT = 'Timeout error.';

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === TIMEOUT;
}

async function clientFor(url: ServerUrl, timeoutMs: number): Promise<ClickHouseClient> {
  const { createClient, ClickHouseLogLevel } = await loadDriver();
  return createClient({
    url: url.http,
    username: url.user,
    password: url.password,
    ...(url.database === null ? {} : { database: url.database }),
    application: 'spendwatch',
    request_timeout: timeoutMs,
    max_open_connections: 1,
    // Lists of bounds and prices are longer than a URL may be.
    use_multipart_params_auto: true,
    // The client would print errors, with what it sent.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/** Ends a statement on the server. A login may always end its own. */
async function kill(url: ServerUrl, id: string): Promise<void> {
  const client = await clientFor(url, KILL_MS);
  await client
    .command({ query: 'KILL QUERY WHERE query_id = {id:String} ASYNC', query_params: { id } })
    // It may have ended, or the server is away: then its own limit of time ends it.
    .catch(() => undefined);
  await client.close();
}
