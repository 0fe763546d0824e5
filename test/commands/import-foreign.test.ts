import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importFiles } from '../../src/commands/import.ts';
import { linesOf } from '../../src/import/lines.ts';
import { openSql } from '../../src/sql/open.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const ALERTS = `version: 1
audit: { url: "\${DB}", dimensions: { team: response_code } }
rules: [{ name: r, type: threshold, metric: spend, window: 1h, threshold: 1 }]
`;

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spendwatch-import-'));
  await writeFile(join(folder, 'alerts.yaml'), ALERTS);
  const sql = await openSql(database.url);
  await sql.query('DROP TABLE IF EXISTS api_audit_logs');
  await postgres.open(sql, {}, null).createTable();
  await sql.close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function imported(name: string, content: string | Buffer, stdin?: Buffer) {
  await writeFile(join(folder, name), content);
  const out: string[] = [];
  const err: string[] = [];
  const code = await importFiles(
    { config: join(folder, 'alerts.yaml'), files: [stdin === undefined ? join(folder, name) : '-'] },
    {
      out: (line) => out.push(line),
      err: (line) => err.push(line.replace(`${folder}/`, '')),
      stdin: Readable.from(stdin === undefined ? [] : [...stdin].map((byte) => Buffer.from([byte]))),
      stderrIsTerminal: false,
      env: { DB: database.url },
    },
  );
  return { code, out, err };
}

async function calls(): Promise<Record<string, unknown>[]> {
  const sql = await openSql(database.url);
  try {
    return await sql.query(
      'SELECT service_name AS service, cost_usd::text AS cost, status_code AS status, user_id AS "user" FROM api_audit_logs ORDER BY id',
    );
  } finally {
    await sql.close();
  }
}

const HEADER = 'time,service,model,cost\n';
/** Two services, as a spreadsheet in China saves them. */
const GBK = Buffer.concat([
  Buffer.from(`${HEADER}2026-11-20T01:00:00Z,chat,m,1\n2026-11-20T01:00:00Z,`),
  Buffer.from([0xcb, 0xd1, 0xcb, 0xf7]),
  Buffer.from(',m,2\n2026-11-20T01:00:00Z,'),
  Buffer.from([0xb7, 0xad, 0xd2, 0xeb]),
  Buffer.from(',m,3\n'),
]);
const NOT_UTF8 =
  'line 3 is not UTF-8 text (the file has another encoding: save it as UTF-8, or convert it: iconv -f GBK -t UTF-8)';

describe('a file of another encoding', () => {
  it('is refused with its first line that is no UTF-8, and none of its names is guessed', async () => {
    const { code, err } = await imported('a.csv', GBK);
    expect([code, err]).toEqual([1, [`a.csv: ${NOT_UTF8}`]]);
    expect(JSON.stringify(await calls())).not.toContain('\uFFFD');
  });

  it('is refused as JSON Lines from stdin too, whatever the chunks are', async () => {
    const line = (service: Buffer) =>
      Buffer.concat([
        Buffer.from('{"time":"2026-11-20T01:00:00Z","model":"m","cost":1,"service":"'),
        service,
        Buffer.from('"}\n'),
      ]);
    const text = Buffer.concat([
      line(Buffer.from('chat')),
      line(Buffer.from('搜索')),
      line(Buffer.from([0xcb, 0xd1])),
    ]);
    const { code, err } = await imported('unused.jsonl', '', text);
    expect([code, err]).toEqual([1, [`-: ${NOT_UTF8}`]]);
    expect((await calls()).map(({ service }) => service)).toEqual(['chat', '搜索']);
  });

  it.each([
    ['with its mark', Buffer.from(`\uFEFF${HEADER}`, 'utf16le')],
    ['without a mark', Buffer.from(HEADER, 'utf16le')],
  ])('is named where it is UTF-16, %s', async (_, text) => {
    const { code, err } = await imported('a.csv', text);
    expect([code, err]).toEqual([1, ['a.csv: the file is UTF-16 text (save it as UTF-8)']]);
  });

  it('is read where it is UTF-8 with its mark, cut anywhere', async () => {
    const bytes = Buffer.from('\uFEFFa,搜索\n😀\uFEFF\n\nend');
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const lines: [number, string][] = [];
      for await (const { number, text } of linesOf(Readable.from(chunks))) lines.push([number, text]);
      expect(lines).toEqual([
        [1, 'a,搜索'],
        [2, '😀\uFEFF'],
        [3, ''],
        [4, 'end'],
      ]);
    }
  });
});

describe('the columns of a file', () => {
  it('may have the names of the table, in any case of letters', async () => {
    const csv =
      'request_timestamp,SERVICE_NAME,model,cost_usd,status_code,user_id,actual_output_tokens\n' +
      '2026-11-20T01:00:00Z,search,m,0.25,429,ann,7\n';
    expect(await imported('a.csv', csv)).toEqual({
      code: 0,
      out: ['imported 1 rows, skipped 0 already there, rejected 0'],
      err: [],
    });
    expect(await calls()).toEqual([{ service: 'search', cost: '0.250000', status: 429, user: 'ann' }]);
  });

  it('may have the names of another table that is known', async () => {
    const row = {
      startTime: '2026-11-20 01:00:00',
      service: 'proxy',
      model: 'm',
      spend: 0.5,
      prompt_tokens: 3,
    };
    expect((await imported('a.jsonl', JSON.stringify(row))).code).toBe(0);
    expect(await calls()).toMatchObject([{ service: 'proxy', cost: '0.500000' }]);
  });

  it.each(['total_price', 'amount', 'USD', 'charge', 'cost_cents'])(
    'are refused where money would be dropped: %s',
    async (name) => {
      const { code, err } = await imported(
        'a.csv',
        `time,service,model,${name}\n2026-11-20T01:00:00Z,search,m,0.25\n`,
      );
      const reason = `line 2: column "${name}" looks like money, but is unknown (call it cost in the file, or take it out)`;
      expect([code, err]).toEqual([1, [`a.csv: ${reason}`]]);
      const row = JSON.stringify({ time: '2026-11-20T01:00:00Z', service: 's', model: 'm', [name]: 1 });
      expect((await imported('b.jsonl', row)).err).toEqual([
        `b.jsonl: ${reason.replace('line 2', 'line 1')}`,
      ]);
      expect(await calls()).toEqual([]);
    },
  );

  it('that are not known are named once, also beside a cost', async () => {
    const { code, err } = await imported(
      'a.csv',
      `time,service,model,cost,list_price,cost_center\n${'2026-11-20T01:00:00Z,search,m,1,2,7\n'.repeat(2)}`,
    );
    expect(code).toBe(0);
    expect(err.slice(0, 2)).toEqual([
      'a.csv: column "list_price" is unknown and was ignored',
      'a.csv: column "cost_center" is unknown and was ignored',
    ]);
    expect(err).toHaveLength(3);
  });

  it('that mean the same must agree', async () => {
    const { code, err } = await imported(
      'a.csv',
      'time,service,model,cost,cost_usd\n2026-11-20T01:00:00Z,a,m,1,1\n2026-11-20T01:00:00Z,b,m,1,2\n',
    );
    expect([code, err]).toEqual([1, ['a.csv:3: two columns stand for cost, with different values']]);
    expect((await calls()).map(({ service }) => service)).toEqual(['a']);
  });
});

describe('a file of a spreadsheet', () => {
  const ROW = '2026-11-20T01:00:00Z';

  it.each([
    ['semicolons', `time;service;model;cost\r\n${ROW};"a;b";m;1.5\r\n`],
    ['tabs', `time\tservice\tmodel\tcost\n${ROW}\ta;b\tm\t1.5\n`],
    ['a first line that names the separator', `sep=;\r\ntime;service;model;cost\r\n${ROW};"a;b";m;1.5\r\n`],
    ['that line and commas', `"sep=,"\ntime,service,model,cost\n${ROW},a;b,m,1.5\n`],
  ])('is read with %s', async (_, text) => {
    expect(await imported('calls.csv', text)).toMatchObject({ code: 0, err: [] });
    expect(await calls()).toMatchObject([{ service: 'a;b', cost: '1.500000' }]);
  });

  it.each(['"1,5"', '"1,234.56"', '$1.5', '1.5 USD', '1.234,56 €'])(
    'is told how to write %s',
    async (cost) => {
      const { code, err } = await imported(
        'calls.csv',
        `sep=;\ntime;service;model;cost\n${ROW};a;m;${cost}\n`,
      );
      expect([code, err]).toEqual([
        1,
        [
          expect.stringMatching(
            /^calls\.csv:3: cost is not a number: .* \(write it as 1234\.56: a decimal point/,
          ),
        ],
      ]);
    },
  );

  it('has the faults of its header at the line of the header', async () => {
    const { err } = await imported('calls.csv', 'sep=;\ntime;time\n');
    expect(err.join()).toContain('line 2, the header: "time" appears twice');
  });
});

it.each(['success', 'failure'])('a status of words is refused in words that help: %s', async (status) => {
  const text = `time,service,model,status\n2026-11-20T01:00:00Z,a,m,${status}\n`;
  const { code, err } = await imported('calls.csv', text);
  expect(code).toBe(1);
  expect(err.join()).toContain(
    `calls.csv:2: status is not a whole number: "${status}" (an HTTP status such as 200;`,
  );
});
