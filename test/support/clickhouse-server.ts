import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneByOne } from '../../src/model/one-by-one.ts';
import type { Held } from './sql-gate.ts';

/** A ClickHouse server: the engine itself in this process, behind the HTTP that its clients speak. */
export interface ClickHouseServer {
  /** With its database. */
  readonly url: string;
  /** What it was asked, what `run` runs left out. */
  readonly asked: Asked[];
  /** A login that may set nothing, as readonly = 1. */
  setReadOnly(isReadOnly: boolean): void;
  /** The statements that the engine is at work on, by their ids. */
  working(): string[];
  /** Holds the next statement that fits, before it runs. */
  hold(fits: (asked: Asked) => boolean): Held;
  /** Runs statements; returns the columns of the last one's answer. */
  run(text: string): unknown[][];
  stop(): Promise<void>;
}

/** A statement, and what sets its values before it runs. */
export interface Asked {
  readonly text: string;
  readonly sets: readonly string[];
}

/** What a login may do instead of all: statements of GRANT to `default`, and XML of its settings, such as `<readonly>2</readonly>`. */
export interface Rights {
  readonly grants: readonly string[];
  readonly settings: string;
}

interface Session {
  query(text: string, format: string): string;
  queryAsync(text: string, options: { format: string }): Promise<{ text(): string }>;
  close(): void;
}

const FOLDERS = ['.', 'test/engines'].map((folder) =>
  join(import.meta.dirname, '../..', folder, 'package.json'),
);

function loadChdb(): {
  Session: new (path: string, options: { connectionArgs: string[] }) => Session;
} | null {
  for (const folder of FOLDERS) {
    try {
      return createRequire(folder)('chdb');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error;
    }
  }
  return null;
}

export const hasClickHouse = loadChdb() !== null;
const PASSWORD = 'a pass/word';

/** Two clusters of two shards: `here` is twice this server, and the shards of `away` are not there. */
const CLUSTERS = ['here', 'away'].map((name) => {
  const host =
    name === 'here' ? '<host>127.0.0.1</host><port>9000</port>' : '<host>127.0.0.1</host><port>1</port>';
  return `<${name}>${`<shard><replica>${host}</replica></shard>`.repeat(2)}</${name}>`;
});

/**
 * The engine exists once in a process: one server after the other. With `path`, its data are kept there, for another one. With `rights`
 * all that is asked is asked with them, also by `run`.
 */
export async function startClickHouse(path?: string, rights?: Rights): Promise<ClickHouseServer> {
  const chdb = loadChdb();
  if (chdb === null) throw new Error('chdb is not installed: .ci/install-engines');
  const folder = path ?? mkdtempSync(join(tmpdir(), 'spendwatch-chdb-'));
  const [config, users] = [`${folder}.xml`, `${folder}-users.xml`];
  writeFileSync(users, usersXml(rights));
  writeFileSync(
    config,
    `<clickhouse><tcp_port>9000</tcp_port><users_config>${users}</users_config><remote_servers>${CLUSTERS.join('')}</remote_servers></clickhouse>`,
  );
  const open = (): Session => new chdb.Session(folder, { connectionArgs: [`--config-file=${config}`] });
  const session = open();
  let other: Session | null = null;
  /** Asked while the first one is at work. */
  const beside = (text: string): string => {
    other ??= open();
    return other.query(text, 'TSV');
  };
  const inTurn = oneByOne();
  const asked: Asked[] = [];
  let isReadOnly = false;
  const traps = new Set<{ fits(asked: Asked): boolean; caught(): void; readonly released: Promise<void> }>();
  const run = (text: string): unknown[][] => {
    const answer = session.query(text, 'JSONCompactColumns').trim();
    return answer === '' ? [] : (JSON.parse(answer) as unknown[][]);
  };
  if (rights === undefined) run('CREATE DATABASE IF NOT EXISTS audit');
  run('USE audit');
  const server = createServer(async (request, response) => {
    try {
      const { text, parameters, settings, id } = await readRequest(request);
      const login = Buffer.from(
        (request.headers.authorization ?? '').replace('Basic ', ''),
        'base64',
      ).toString();
      if (login !== `reader:${PASSWORD}`) throw new Error(WRONG_PASSWORD);
      if (isReadOnly && settings.size > 0) throw new Error(READ_ONLY([...settings.keys()][0] as string));
      const sets = [
        ...[...parameters].map(([name, value]) => `SET ${name} = ${quoted(value)}`),
        ...[...settings].map(([name, value]) => `SET ${name} = ${quoted(value)}`),
      ];
      const statement = { text, sets };
      asked.push(statement);
      const trap = [...traps].find((one) => one.fits(statement));
      if (trap !== undefined) {
        traps.delete(trap);
        trap.caught();
        await trap.released;
      }
      if (text.startsWith('KILL')) {
        response.end(beside(text.replace('query_id = {id:String}', OF_ID(parameters.get('param_id') ?? ''))));
        return;
      }
      const [, plain = '', format = 'TSV'] = /^(.*?)(?:\s+FORMAT (\w+))?\s*$/s.exec(text) ?? [];
      const answer = await inTurn(async () => {
        for (const set of sets) session.query(set, 'CSV');
        // The engine gives a statement an id of its own. A login that may set nothing has none.
        if (rights === undefined) session.query(`SET log_comment = ${quoted(id)}`, 'CSV');
        return session.queryAsync(plain, { format });
      });
      response.end(answer.text());
    } catch (error) {
      const message = (error as Error).message.replace(/^Query failed: /, '');
      response.writeHead(message.startsWith('Code: 516') ? 403 : 500, {
        'x-clickhouse-exception-code': /^Code: (\d+)/.exec(message)?.[1] ?? '0',
      });
      response.end(message);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `clickhouse://reader:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/audit`,
    asked,
    setReadOnly: (value) => {
      isReadOnly = value;
    },
    working: () =>
      beside("SELECT Settings['log_comment'] FROM system.processes WHERE query NOT LIKE '%system.processes%'")
        .split('\n')
        .filter((id) => id !== ''),
    hold(fits) {
      const [caught, tell] = signal();
      const [released, release] = signal();
      traps.add({ fits, caught: tell, released });
      return { caught, release };
    },
    run,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      other?.close();
      session.close();
      for (const file of [config, users]) rmSync(file, { force: true });
      if (path === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function usersXml(rights: Rights | undefined): string {
  const grants = rights?.grants.map((grant) => `<query>${grant}</query>`).join('');
  return `<clickhouse><profiles><default>${rights?.settings ?? ''}</default></profiles><quotas><default/></quotas><users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    ${grants === undefined ? '<access_management>1</access_management>' : `<grants>${grants}</grants>`}</default></users></clickhouse>`;
}

function signal(): [Promise<void>, () => void] {
  let tell = (): void => undefined;
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return [told, tell];
}

/** http_max_field_value_size, by default. */
const LONGEST_FIELD = 131_072;

/** What is no setting of the engine: it is of HTTP. */
const OF_HTTP = [
  'query_id',
  'database',
  'wait_end_of_query',
  'query',
  'cancel_http_readonly_queries_on_client_close',
];

async function readRequest(request: IncomingMessage) {
  const { searchParams } = new URL(request.url ?? '', 'http://localhost');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const fields = new Map(searchParams);
  const type = request.headers['content-type'] ?? '';
  let text = body.toString();
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    for (const [name, value] of form) fields.set(name, String(value));
    text = fields.get('query') ?? '';
  }
  for (const [name, value] of fields)
    if (name !== 'query' && value.length > LONGEST_FIELD) throw new Error(`Field value too long: ${name}`);
  const id = fields.get('query_id') ?? '';
  const parameters = new Map([...fields].filter(([name]) => name.startsWith('param_')));
  const settings = new Map([...fields].filter(([name]) => !parameters.has(name) && !OF_HTTP.includes(name)));
  return { text, parameters, settings, id };
}

const OF_ID = (id: string): string => `Settings['log_comment'] = ${quoted(id)}`;

/** The engine is given texts that end at a NUL. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;
}

const WRONG_PASSWORD =
  'Code: 516. DB::Exception: reader: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED) (version 26.7.2.1)';
const READ_ONLY = (name: string): string =>
  `Code: 164. DB::Exception: Cannot modify '${name}' setting in readonly mode. (READONLY) (version 26.7.2.1)`;
