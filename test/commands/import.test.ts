import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importFiles } from '../../src/commands/import.ts';
import { openSql } from '../../src/sql/open.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const ALERTS = `version: 1
audit: { url: "\${DB}", dimensions: { team: response_code } }
channels: { hook: { type: webhook, url: "http://127.0.0.1:9/", secret: "sixteen bytes at least" } }
defaults: { notify: [hook] }
rules: [{ name: r, type: threshold, metric: spend, window: 1h, threshold: 1 }]
`;

let folder: string;
let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'spendwatch-import-'));
  await writeFile(join(folder, 'alerts.yaml'), ALERTS);
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function createTable(): Promise<void> {
  const sql = await openSql(database.url);
  await postgres.open(sql, {}, null).createTable();
  await sql.close();
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function run(files: readonly string[], options: { url?: string; stdin?: string } = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await importFiles(
    { config: join(folder, 'alerts.yaml'), files },
    {
      out: (line) => out.push(line),
      err: (line) => err.push(line.replace(`${folder}/`, '')),
      stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
      stderrIsTerminal: false,
      env: { DB: options.url ?? database.url },
    },
  );
  return { code, out, err };
}

async function rows(columns: string, url = database.url): Promise<Record<string, unknown>[]> {
  const sql = await openSql(url);
  try {
    return await sql.query(`SELECT ${columns} FROM api_audit_logs ORDER BY id`);
  } finally {
    await sql.close();
  }
}

describe('import into a folder', () => {
  const FOLDER = { url: 'pglite:./data' };
  it('loads CSV and JSON Lines into a table that it makes, and skips what is there when it is repeated', async () => {
    const files = [
      await file(
        'a.csv',
        '\uFEFFtime,service,model,cost,output_tokens,team,user\r\n2026-03-29 01:02:03.1234567,search,gpt,0.25,7,red,"a ""b"", c\nd"\r\n1774746123,search,gpt,,,,\r\n',
      ),
      await file(
        'b.jsonl',
        '{"time":"2026-03-29T03:02:03+02:00","service":"chat","model":"m","cost":1e-6,"request_id":"call-1","status":200}\n\n{"time":1774746123500,"service":"chat\u2028","model":"m","request_id":"A0000000-0000-4000-8000-000000000001"}',
      ),
    ];
    expect(await run(files, FOLDER)).toEqual({
      code: 0,
      out: ['imported 4 rows, skipped 0 already there, rejected 0'],
      err: [],
    });
    expect(
      await rows(
        'request_timestamp::text t, service_name s, cost_usd c, actual_output_tokens o, response_code team, user_id u, status_code st, input_tokens i, endpoint e',
        `pglite:${join(folder, 'data')}`,
      ),
    ).toEqual([
      {
        t: '2026-03-29 01:02:03.123456+00',
        s: 'search',
        c: '0.250000',
        o: 7,
        team: 'red',
        u: 'a "b", c\nd',
        st: null,
        i: 0,
        e: '',
      },
      {
        t: '2026-03-29 01:02:03+00',
        s: 'search',
        c: null,
        o: null,
        team: null,
        u: null,
        st: null,
        i: 0,
        e: '',
      },
      {
        t: '2026-03-29 01:02:03+00',
        s: 'chat',
        c: '0.000001',
        o: null,
        team: null,
        u: null,
        st: 200,
        i: 0,
        e: '',
      },
      {
        t: '2026-03-29 01:02:03.5+00',
        s: 'chat\u2028',
        c: null,
        o: null,
        team: null,
        u: null,
        st: null,
        i: 0,
        e: '',
      },
    ]);
    const ids = await rows('request_id::text AS request', `pglite:${join(folder, 'data')}`);
    expect(ids[2]?.request).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    expect(ids[3]?.request).toBe('a0000000-0000-4000-8000-000000000001');
    expect(await run(files, FOLDER)).toMatchObject({
      code: 0,
      out: ['imported 0 rows, skipped 4 already there, rejected 0'],
    });
    expect(await rows('request_id::text AS request', `pglite:${join(folder, 'data')}`)).toEqual(ids);
  });
});

describe('import', () => {
  beforeEach(createTable);

  it('keeps equal rows apart by their rank, whatever their file and the way their values are written', async () => {
    const csv = await file(
      'a.csv',
      'time,service,model,cost\n2026-03-29T00:00:00Z,s,m,0.10\n2026-03-29T00:00:00Z,s,m,0.1\n',
    );
    const row = '{"model":"m","service":"s","time":"2026-03-29 00:00","cost":"1e-1"}\n';
    expect(await run([csv])).toMatchObject({ out: ['imported 2 rows, skipped 0 already there, rejected 0'] });
    expect(await run(['-'], { stdin: row.repeat(3) })).toMatchObject({
      out: ['imported 1 rows, skipped 2 already there, rejected 0'],
    });
  });

  it('names bad rows by file and line, and loads the others', async () => {
    const good = '2026-03-29T00:00:00Z,s,m,0.1,1';
    const csv = await file(
      'a.csv',
      [
        'time,service,model,cost,input_tokens',
        good,
        '2026-03-29T00:00:00Z,s,m',
        `${good},more`,
        '2026-02-30T00:00:00Z,s,m,0.1,1',
        'yesterday,s,m,0.1,1',
        '20260329,s,m,0.1,1',
        '2026-03-29T00:00:00Z,s,m,NaN,1',
        '2026-03-29T00:00:00Z,s,m,"1,5",1',
        '2026-03-29T00:00:00Z,s,m,0.1,1.5',
        '2026-03-29T00:00:00Z,,m,0.1,1',
        '2026-03-29T00:00:00Z,s,m,10000,1',
        '2026-03-29T00:00:00Z,"s,m,0.1,1',
        good,
        '',
        `2026-03-29T00:00:00Z,"two\nlines",m,0.1,x`,
        '2026-03-29T00:00:00Z,s"t,m,0.1,1',
        good,
      ].join('\n'),
    );
    const jsonl = await file(
      'b.jsonl',
      '{"time":\n[1]\nnull\n{"time":"2026-03-29T00:00:00Z","service":{"a":1},"model":"m"}\n{"service":"s"}\n',
    );
    const { code, out, err } = await run([csv, jsonl]);
    expect(code).toBe(1);
    expect(out).toEqual(['imported 3 rows, skipped 0 already there, rejected 18']);
    expect(err.map((line) => line.replace(/: .*/, '')).sort()).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 18]
        .map((line) => `a.csv:${line}`)
        .concat([1, 2, 3, 4, 5].map((line) => `b.jsonl:${line}`))
        .sort(),
    );
    expect(err).toContain('a.csv:3: too few cells: 3 where the header has 5');
    expect(err).toContain(
      'a.csv:5: time is not a time (ISO 8601, or seconds or milliseconds since 1970): "2026-02-30T00:00:00Z"',
    );
    expect(err).toContain('a.csv:11: service is missing');
    expect(err.find((line) => line.startsWith('a.csv:12:'))).toMatch(/numeric field overflow/);
    expect(err).toContain('b.jsonl:5: time, model are missing');
  });

  it('names twenty bad rows and counts the rest', async () => {
    const { code, err } = await run(['-'], { stdin: 'x\n'.repeat(1234) });
    expect(code).toBe(1);
    expect(err).toHaveLength(21);
    expect(err[0]).toBe('-:1: not valid JSON');
    expect(err[20]).toBe('and 1,214 more rejected rows');
  });

  it('says which columns it does not know, once', async () => {
    const row = '{"time":"2026-03-29T00:00:00Z","service":"s","model":"m","colour":"red"}\n';
    expect(await run(['-'], { stdin: row.repeat(2) })).toEqual({
      code: 0,
      out: ['imported 2 rows, skipped 0 already there, rejected 0'],
      err: [
        '-: column "colour" is unknown and was ignored',
        expect.stringMatching(/^ {2}hint: columns have the names time, .*service/),
      ],
    });
  });

  it('goes on after a file that is not there, and refuses kinds that it does not know before it reads any', async () => {
    const csv = await file('a.csv', 'time,service,model\n2026-03-29T00:00:00Z,s,m\n');
    expect(await run([join(folder, 'none.csv'), csv])).toEqual({
      code: 1,
      out: ['imported 1 rows, skipped 0 already there, rejected 0'],
      err: ['none.csv: there is no such file'],
    });
    await expect(run([csv, 'calls.xlsx'])).rejects.toMatchObject({ code: 'usage' });
  });

  it('loads more rows than one batch holds', async () => {
    const lines = Array.from(
      { length: 2_500 },
      (_, i) => `2026-03-29T00:00:00Z,s,m,"0.${String(i).padStart(4, '0')}"`,
    );
    const csv = await file('a.csv', `time,service,model,cost\n${lines.join('\n')}\n`);
    expect(await run([csv])).toMatchObject({
      out: ['imported 2,500 rows, skipped 0 already there, rejected 0'],
    });
    const [row] = await rows('count(*) OVER () AS n, sum(cost_usd) OVER () AS spend');
    expect(row).toEqual({ n: '2500', spend: '312.375000' });
  });
});

describe('import into a server', () => {
  it('names init --create-table where the table is missing', async () => {
    const csv = await file('a.csv', 'time,service,model\n2026-03-29T00:00:00Z,s,m\n');
    await expect(run([csv])).rejects.toMatchObject({
      code: 'store_table_missing',
      hint: expect.stringContaining('init --create-table'),
    });
  });
});
