import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppError } from '../../src/model/errors.ts';
import { clickhouse } from '../../src/stores/clickhouse/clickhouse.ts';
import { parseServerUrl, type ServerUrl } from '../../src/stores/clickhouse/server-url.ts';
import { until } from '../support/until.ts';

/** A server that speaks ClickHouse's HTTP and answers as a test says. */
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
const asked: { readonly body: string; readonly options: URLSearchParams }[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ body, options: new URL(request.url ?? '', 'http://x').searchParams });
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
afterEach(() => {
  asked.length = 0;
});

const port = (): number => (server.address() as AddressInfo).port;
const url = (options = ''): string => `clickhouse://reader:s3cret-word@127.0.0.1:${port()}/audit${options}`;
const open = (at = url(), statementTimeoutMs = 5_000) =>
  clickhouse.open(
    at,
    { baseDir: '/', statementTimeoutMs },
    { table: 'calls', columns: { time: 'at' } },
    null,
  );
async function faultOf(at = url(), statementTimeoutMs = 5_000): Promise<AppError> {
  const store = open(at, statementTimeoutMs);
  try {
    return await store.read([], 0).then(
      () => {
        throw new Error('it was answered');
      },
      (error: AppError) => error,
    );
  } finally {
    await store.close();
  }
}
const refuse =
  (status: number, text: string): typeof answer =>
  (_, response) => {
    const number = /^Code: (\d+)/.exec(text)?.[1];
    response
      .writeHead(status, number === undefined ? {} : { 'x-clickhouse-exception-code': number })
      .end(text);
  };

describe('what a ClickHouse server answers', () => {
  it.each([
    [
      403,
      'Code: 516. DB::Exception: reader: Authentication failed: password s3cret-word is incorrect. (AUTHENTICATION_FAILED)',
      'store_unreachable',
      'user and password',
    ],
    [
      404,
      'Code: 60. DB::Exception: Table audit.calls does not exist. (UNKNOWN_TABLE)',
      'store_table_missing',
      '`preset`',
    ],
    [
      404,
      'Code: 81. DB::Exception: Database audit does not exist. (UNKNOWN_DATABASE)',
      'store_unreachable',
      "database's name",
    ],
    [
      500,
      'Code: 497. DB::Exception: reader: Not enough privileges. To execute this query, it is necessary to have the grant SELECT(at) ON audit.calls. (ACCESS_DENIED)',
      'store_forbidden',
      'GRANT SELECT',
    ],
    [
      408,
      'Code: 159. DB::Exception: Timeout exceeded: elapsed 60 seconds. (TIMEOUT_EXCEEDED)',
      'store_timeout',
      'statement_timeout',
    ],
    [
      500,
      'Code: 241. DB::Exception: Memory limit (for query) exceeded. (MEMORY_LIMIT_EXCEEDED)',
      'store_query_failed',
      'max_memory_usage',
    ],
    [
      500,
      'Code: 202. DB::Exception: Too many simultaneous queries. Maximum: 100. (TOO_MANY_SIMULTANEOUS_QUERIES)',
      'store_unreachable',
      'next poll',
    ],
    [
      500,
      'Code: 43. DB::Exception: Illegal type String of argument of function plus.',
      'store_query_failed',
      null,
    ],
    [429, 'Too Many Requests', 'store_unreachable', 'too busy'],
    [401, '<html><h1>401 Authorization Required</h1></html>', 'store_unreachable', 'user and password'],
    [403, 'Forbidden', 'store_unreachable', 'user and password'],
    [404, '404 page not found', 'store_unreachable', 'host and port'],
    [503, '', 'store_unreachable', 'host and port'],
    [400, '<p>The plain HTTP request was sent to HTTPS port</p>', 'store_unreachable', 'secure=true'],
    [502, '<html><h1>502 Bad Gateway</h1></html>', 'store_unreachable', 'too busy'],
    [400, 'Port 9000 is for clickhouse-client program', 'store_unreachable', 'native protocol'],
  ])('status %i, %s', async (status, text, code, hint) => {
    answer = refuse(status, text);
    const fault = await faultOf();
    expect({ code: fault.code, hint: fault.hint }).toEqual({
      code,
      hint: hint === null ? null : expect.stringContaining(hint),
    });
    expect(fault.message).not.toMatch(/<|: $/);
    expect(fault.message).toContain(`127.0.0.1:${port()}/audit`);
    expect(JSON.stringify([fault.message, fault.hint])).not.toContain('s3cret-word');
  });

  it('half an answer is no answer', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('[["at"], ["DateTime"]');
      setTimeout(() => response.destroy(), 20);
    };
    expect(await faultOf()).toMatchObject({ code: 'store_unreachable' });
    answer = (_, response) => void response.end('[["at"], ["DateTime"');
    expect(await faultOf()).toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('not whole'),
    });
  });

  it('a statement that is not answered in time is cancelled on the server', async () => {
    answer = (_, response, body) => {
      if (body.startsWith('KILL')) response.end();
    };
    // The server is given some seconds to end it by itself.
    expect(await faultOf(url(), 1)).toMatchObject({ code: 'store_timeout' });
    await until('the server is told', () => asked.length === 2);
    expect(asked[1]?.body).toContain('KILL QUERY WHERE query_id =');
    expect(asked[1]?.options.get('param_id')).toBe(asked[0]?.options.get('query_id'));
  });

  it('closing a store cancels what it asks', async () => {
    answer = (_, response, body) => {
      if (body.startsWith('KILL')) response.end();
    };
    const store = open();
    const reading = store.read([], 0);
    const expected = expect(reading).rejects.toMatchObject({ code: 'store_unreachable' });
    await until('a statement', () => asked.length === 1);
    await store.close();
    await expected;
    expect(asked[1]?.body).toContain('KILL QUERY');
  });

  it('limits time and memory, and sends what the URL sets; a login that may set nothing is asked without', async () => {
    answer = refuse(404, 'Code: 60. DB::Exception: Table audit.calls does not exist. (UNKNOWN_TABLE)');
    await faultOf(url('?max_threads=2&max_memory_usage=1000'), 7_000);
    const [{ options }] = asked as [(typeof asked)[number]];
    expect(Object.fromEntries(options)).toMatchObject({
      ...{
        database: 'audit',
        max_execution_time: '7',
        max_threads: '2',
        max_memory_usage: '1000',
        wait_end_of_query: '1',
      },
    });
    asked.length = 0;
    answer = (request, response, body) =>
      new URL(request.url ?? '', 'http://x').searchParams.has('max_execution_time')
        ? refuse(
            500,
            "Code: 164. DB::Exception: Cannot modify 'max_execution_time' setting in readonly mode. (READONLY)",
          )(request, response, body)
        : refuse(404, 'Code: 60. DB::Exception: Table audit.calls does not exist. (UNKNOWN_TABLE)')(
            request,
            response,
            body,
          );
    expect(await faultOf()).toMatchObject({ code: 'store_table_missing' });
    expect(asked.map((one) => one.options.has('max_execution_time'))).toEqual([true, false]);
  });

  it('a server that is not there, or speaks no TLS, is unreachable', async () => {
    expect(await faultOf('clickhouse://127.0.0.1:1/audit')).toMatchObject({
      code: 'store_unreachable',
      hint: expect.stringContaining('8123'),
    });
    answer = refuse(200, '');
    expect(await faultOf(url('?secure=true'))).toMatchObject({
      code: 'store_unreachable',
      message: `127.0.0.1:${port()}/audit does not speak TLS, which secure=true asks for.`,
      hint: expect.stringMatching(/8443.*take secure=true out/),
    });
  });
});

describe('a URL of ClickHouse', () => {
  const parsed = (text: string): ServerUrl => parseServerUrl(text) as ServerUrl;
  it.each([
    [
      'clickhouse://ann:a%2Fb@db.example.com/audit',
      'http://db.example.com:8123',
      'db.example.com:8123/audit',
    ],
    ['clickhouse://db.example.com?secure=true', 'https://db.example.com:8443', 'db.example.com:8443'],
    ['clickhouse+http://db.example.com:80/a', 'http://db.example.com:80', 'db.example.com:80/a'],
    ['clickhouse://db.example.com:443/a?secure', 'https://db.example.com:443', 'db.example.com:443/a'],
  ])('%s is asked at %s', (text, http, place) => {
    expect(parsed(text)).toMatchObject({ http, place });
  });

  it('has a login, and settings of ClickHouse as its parameters', () => {
    expect(parsed('clickhouse://ann:a%2Fb@host/x?secure=1&max_threads=2')).toMatchObject({
      ...{ user: 'ann', password: 'a/b', database: 'x', settings: { max_threads: '2' } },
    });
    expect(parsed('clickhouse://host')).toMatchObject({ user: 'default', password: '', database: null });
  });

  it.each([
    ['clickhouse://host:9000/x', 'port'],
    ['clickhouse://host/x?secure=maybe', 'secure'],
    ['clickhouse:///', 'not a URL'],
    ['clickhouse://u:p%@host/x', 'percent'],
  ])('%s is refused without being quoted', (text, word) => {
    const fault = parseServerUrl(text);
    expect(fault).toMatchObject({ fault: expect.stringContaining(word), hint: expect.stringMatching(/\S/) });
    expect(JSON.stringify(fault)).not.toContain(text);
  });
});
