import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { QUERIES, VARIABLES } from './dashboard.ts';
import { type Chosen, filledSql } from './filled-sql.ts';

/** The clock of the database, in the zone of the reader: 21:00 on the 19th, with 11 days and 3 hours of November left. */
const NOW = new Date('2026-11-20T02:00:00Z');
const CHOSEN: Chosen = {
  from: new Date('2026-11-18T05:00:00Z'),
  to: NOW,
  zone: 'America/New_York',
  table: 'api_audit_logs',
  services: null,
  models: null,
  hours: 1,
};
const PANELS = QUERIES.flatMap(({ title, rawSql, format }) =>
  rawSql === undefined ? [] : [{ title, sql: rawSql, format }],
);

type Row = Readonly<Record<string, unknown>>;
let database: AuditDatabase;
let grafana: pg.Client;

beforeAll(async () => {
  database = await createAuditDatabase();
  // With a clock that stands still, no midnight comes in between.
  await database.sql.query(
    `CREATE SCHEMA clock;
     CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT '${NOW.toISOString()}'::timestamptz $$`,
  );
  grafana = new pg.Client({ connectionString: database.url });
  await grafana.connect();
  await grafana.query(
    'SET search_path TO clock, public, pg_catalog; SET default_transaction_read_only TO on',
  );
});
afterAll(async () => {
  await grafana?.end();
  await database?.drop();
});

async function rowsOf(sql: string, chosen: Partial<Chosen> = {}): Promise<Row[]> {
  const { rows, fields } = await grafana.query(filledSql(sql, { ...CHOSEN, ...chosen }));
  const numbers = new Set(
    fields.filter(({ dataTypeID }) => [20, 23, 701, 1700].includes(dataTypeID)).map(({ name }) => name),
  );
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        numbers.has(name) && value !== null ? Number(value) : value,
      ]),
    ),
  );
}

function panel(title: string, chosen: Partial<Chosen> = {}): Promise<Row[]> {
  const found = PANELS.find((one) => one.title === title);
  if (found === undefined) throw new Error(`no panel is called ${title}`);
  return rowsOf(found.sql, chosen);
}

it('the SQL of every panel runs on a table without rows', async () => {
  expect(PANELS.length).toBeGreaterThan(10);
  for (const { title, sql } of PANELS) expect(Array.isArray(await rowsOf(sql)), title).toBe(true);
  expect(await panel('In this time')).toEqual([{ spend: 0, calls: 0, failed: 0, 'without a cost': 0 }]);
  expect(await panel('This month')).toEqual([{ spent: 0, projected: null }]);
});

describe('the SQL of the dashboard', () => {
  beforeAll(async () => {
    const logged = (from: string, service: string, more: string) => `
      INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens,
        actual_output_tokens, expected_output_tokens, status_code, error_message, latency_ms, time_to_first_token_ms, cost_usd)
      SELECT gen_random_uuid(), ${from}, '${service}', ${more}`;
    await database.sql.query(
      [
        // $1 at midnight of each of the last 14 days before today, in the zone of the reader.
        logged(
          `('2026-11-05'::timestamp + n * interval '1 day') AT TIME ZONE 'America/New_York'`,
          'batch',
          `NULL, 'gpt-4.1-mini', '/v1', 900, NULL, 100, 200, NULL, 100, NULL, 1 FROM generate_series(0, 13) n`,
        ),
        // A hundred quick calls of eleven users within a minute of today, of 1 cent, and one slow one of $2.
        logged(
          `'2026-11-19T21:30:00Z'::timestamptz + n * interval '0.1 s'`,
          "it''s",
          `'user-' || n % 11, 'gpt-4.1', '/v1', 1000, 500, NULL, 200, NULL, n + 1, 20, 0.01 FROM generate_series(0, 98) n`,
        ),
        logged(
          `'2026-11-19T21:31:00Z'`,
          "it''s",
          `'dear', 'gpt-4.1', '/v1', 1000, 500, NULL, 200, NULL, 9000, 40, 2`,
        ),
        // Failed calls: by status, and without one by an error text. An empty text is none.
        logged(
          `'2026-11-19T21:40:00Z'`,
          'chat',
          `'ann', 'o3', '/v1', 10, NULL, NULL, 429, NULL, 5, NULL, NULL`,
        ),
        logged(
          `'2026-11-19T21:41:00Z'`,
          'chat',
          `'ann', 'o3', '/v1', 10, NULL, NULL, NULL, 'reset', 5, NULL, NULL`,
        ),
        logged(
          `'2026-11-19T21:42:00Z'`,
          'chat',
          `'ann', 'o3', '/v1', 10, NULL, NULL, NULL, '', 5, NULL, 0.5`,
        ),
        logged(
          `'2026-11-19T21:43:00Z'`,
          'chat',
          `'ann', 'o3', '/v1', 10, NULL, NULL, 200, 'none', 5, NULL, 0.5`,
        ),
      ].join(';'),
    );
  });

  it('adds up calls, spend, failed calls and calls without a cost', async () => {
    const [all] = await panel('In this time');
    expect(all).toEqual({ spend: 4.99, calls: 105, failed: expect.closeTo(2 / 105), 'without a cost': 2 });
  });

  it('shows what is chosen alone, whatever it is called', async () => {
    expect(await panel('In this time', { services: ["it's", 'none'] })).toMatchObject([{ calls: 100 }]);
    expect(await panel('In this time', { models: ['o3'], services: ['chat'] })).toMatchObject([{ calls: 4 }]);
    expect(await panel('This month', { services: ['batch'] })).toMatchObject([{ spent: 14 }]);
    for (const { title, sql } of PANELS)
      expect(await rowsOf(sql, { services: ['chat'], models: ['o3'] }), title).not.toEqual([]);
  });

  it('projects the month by the mean of the last 14 whole days', async () => {
    const [month] = await panel('This month', { services: ['batch'] });
    expect(month).toEqual({ spent: 14, projected: expect.closeTo(14 + 11 + 3 / 24) });
    expect(await panel('This month')).toMatchObject([{ spent: 17.99 }]);
  });

  it('divides spend by service, model and user into the days of the zone', async () => {
    const days = (rows: readonly Row[], spend: number) =>
      rows.filter((row) => row.spend === spend).map(({ time, name }) => [(time as Date).toISOString(), name]);
    const services = await panel('Spend by service and day');
    expect(days(services, 1)).toEqual([
      ['2026-11-18T05:00:00.000Z', 'batch'],
      ['2026-11-19T05:00:00.000Z', 'chat'],
    ]);
    expect(days(services, 2.99)).toEqual([['2026-11-19T05:00:00.000Z', "it's"]]);
    const users = new Set((await panel('Spend by user and day')).map(({ name }) => name));
    expect([users.size, users.has('others'), users.has('(none)'), users.has('dear')]).toEqual([
      11,
      true,
      true,
      true,
    ]);
  });

  it('shows which calls are dear, and what they make up', async () => {
    expect(await panel('Cost of a call', { services: ["it's"] })).toEqual([
      { 'cost of a call': '>= 0.01', calls: 0.99, spend: expect.closeTo(0.99 / 2.99) },
      { 'cost of a call': '>= 1', calls: 0.01, spend: expect.closeTo(2 / 2.99) },
    ]);
  });

  it('puts models side by side, the dearest first', async () => {
    const models = await panel('Models side by side');
    expect(models.map(({ model }) => model)).toEqual(['gpt-4.1', 'gpt-4.1-mini', 'o3']);
    expect(models[0]).toEqual({
      model: 'gpt-4.1',
      calls: 100,
      spend: 2.99,
      'cost of a call': 0.0299,
      'cost of 1,000 tokens': expect.closeTo(2.99 / 150),
      'tokens of a call': 1500,
      failed: 0,
      'latency p50': 50.5,
      'latency p99': expect.closeTo(99 + 0.01 * (9000 - 99)),
      'first token p95': 20,
    });
    expect(models[2]).toMatchObject({ failed: 0.5, 'cost of a call': 0.5, 'cost of 1,000 tokens': 50 });
    // Without an actual number of output tokens, the expected one counts.
    expect(models[1]).toMatchObject({ 'tokens of a call': 1000 });
  });

  it('draws calls a second, failed calls by status, latency and tokens over time', async () => {
    const time = Date.parse('2026-11-19T21:00:00Z') / 1000;
    const at = (rows: readonly Row[]) => rows.filter((row) => row.time === time);
    expect(at(await panel('Request rate'))).toEqual([
      { time, name: 'chat', calls: expect.closeTo(4 / 3600) },
      { time, name: "it's", calls: expect.closeTo(100 / 3600) },
    ]);
    const failed = { time, share: expect.closeTo(1 / 104) };
    expect(await panel('Failed calls by status')).toEqual([
      { ...failed, name: '429' },
      { ...failed, name: 'no status' },
    ]);
    expect(at(await panel('Latency', { services: ['chat'] }))).toEqual([{ time, p50: 5, p95: 5, p99: 5 }]);
    expect(at(await panel('Tokens'))).toEqual([{ time, input: 100_040, output: 50_000 }]);
  });

  it('answers in the order of time where Grafana asks for a series', async () => {
    const series = PANELS.filter(({ format }) => format === 'time_series');
    expect(series.length).toBeGreaterThan(5);
    for (const { title, sql } of series) {
      const times = (await rowsOf(sql)).map(({ time }) => Number(time));
      expect(times, title).toEqual([...times].sort((a, b) => a - b));
      expect(times.every(Number.isFinite), title).toBe(true);
    }
  });

  it('offers the services and models of the chosen time', async () => {
    const offered = async (name: string) => {
      const { query } = VARIABLES.find((variable) => variable.name === name) ?? {};
      return (await rowsOf(query as string)).map((row) => Object.values(row)[0]);
    };
    expect(await offered('service')).toEqual(['batch', 'chat', "it's"]);
    expect(await offered('model')).toEqual(['gpt-4.1', 'gpt-4.1-mini', 'o3']);
  });
});

it('the SQL runs on the view that docs/grafana.md makes of another table', async () => {
  const page = readFileSync(new URL('../../docs/grafana.md', import.meta.url), 'utf8');
  const [, view = ''] = /```sql\n(CREATE VIEW spend_calls[^`]*)```/.exec(page) ?? [];
  await database.sql.query(
    `CREATE TABLE public.ai_calls (called_at timestamptz, app text, login text, model text, tokens_in integer,
       tokens_out integer, http integer, usd float8);
     INSERT INTO public.ai_calls VALUES ('2026-11-19T21:30:00Z', 'search', NULL, 'o3', 1000, 500, 500, 0.5);
     ${view}`,
  );
  for (const { sql } of PANELS) await rowsOf(sql, { table: 'spend_calls' });
  const [seen] = await panel('In this time', { table: 'spend_calls' });
  expect(seen).toEqual({ spend: 0.5, calls: 1, failed: 1, 'without a cost': 0 });
});
