import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/model/aggregate.ts';
import type { CallRead } from '../../src/model/call-columns.ts';
import { AppError } from '../../src/model/errors.ts';
import { isSketch } from '../../src/model/measure.ts';
import { formatFixed, ONE, parseFixed } from '../../src/model/money.ts';
import type { PriceList } from '../../src/model/price-list.ts';
import type { CellRead, SegmentCell } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import {
  callsArbitrary,
  expectedCells,
  ORIGIN,
  PRICES,
  readArbitrary,
  type TestCall,
} from '../stores/random-calls.ts';
import { cellsIn } from '../support/cells-in.ts';
import { changesOf } from '../support/changes-of.ts';
import { linesOf } from '../support/lines.ts';
import { priceList } from '../support/price-list.ts';
import { scaled } from '../support/scaled.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

const RUNS = scaled(15);
const HOUR = 3_600_000;

const CALLS: TableOptions = {
  table: 'calls',
  columns: {
    time: 'at',
    cost: 'cost',
    service: 'service',
    model: 'model',
    user: { sql: 'usr' },
    input_tokens: 'input',
    output_tokens: 'output',
    status: 'status',
    error: 'error',
    latency_ms: 'latency',
  },
};

/** How tables with other times than instants write theirs, and say so. */
const WRITTEN: Readonly<Record<string, string>> = {
  zoneless_calls: `t::timestamptz AT TIME ZONE 'UTC'`,
  epoch_calls: '(extract(epoch FROM t::timestamptz) * 1000)::bigint',
  local_calls: `t::timestamptz AT TIME ZONE 'Asia/Kolkata'`,
};
const TIMES: Readonly<Record<string, TableOptions['columns']>> = {
  epoch_calls: { time: { column: 'at', unit: 'ms' } },
  local_calls: { time: { column: 'at', zone: 'Asia/Kolkata' } },
};
const tableOf = (table: string): TableOptions => ({
  ...CALLS,
  table,
  columns: { ...CALLS.columns, ...TIMES[table] },
});
const TABLES = ['calls', 'zoneless_calls', 'epoch_calls', 'local_calls'];

describe.each(STORES)('an audit store in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
    for (const [table, type] of [
      ['calls', 'timestamptz'],
      ['zoneless_calls', 'timestamp'],
      ['epoch_calls', 'bigint'],
      ['local_calls', 'timestamp'],
    ]) {
      await engine.sql.query(`CREATE TABLE ${table} (at ${type}, cost float8, service text, model text, usr text,
        input integer, output integer, status integer, error text, latency float8)`);
      await engine.sql.query(`CREATE VIEW ${table}_view AS SELECT * FROM ${table}`);
    }
  });
  afterAll(() => engine.stop());

  const open = (options: TableOptions, prices: PriceList | null = null): AuditStore =>
    storeType.open(engine.sql, options, prices);

  async function fill(table: string, calls: readonly TestCall[]): Promise<void> {
    await engine.sql.query(`TRUNCATE ${table}`);
    const column = (pick: (call: TestCall) => unknown) =>
      calls.map((call) => (pick(call) === null ? null : String(pick(call))));
    await engine.sql.query(
      `INSERT INTO ${table} SELECT ${WRITTEN[table] ?? 't::timestamptz'},
        c::float8, s, m, u, i::integer, o::integer, st::integer, e, l::float8
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[]) AS v(t, c, s, m, u, i, o, st, e, l)`,
      [
        calls.map((call) => new Date(call.at).toISOString()),
        column((call) => call.cost),
        column((call) => call.service),
        column((call) => call.model),
        column((call) => call.user),
        column((call) => call.input),
        column((call) => call.output),
        column((call) => call.status),
        column((call) => call.error),
        column((call) => call.latency),
      ],
    );
  }

  async function cells(store: AuditStore, read: CellRead): Promise<readonly SegmentCell[]> {
    const { answers } = await store.read([read], ORIGIN);
    const [answer] = answers;
    if (answer instanceof AppError || answer === undefined) throw answer;
    if ('failed' in answer) throw new Error('some measures could not be read');
    return answer;
  }

  it.each(TABLES)('sums random rows of %s exactly, whatever is asked', async (table) => {
    const store = open(tableOf(table), PRICES);
    await fc.assert(
      fc.asyncProperty(
        callsArbitrary,
        fc.array(readArbitrary, { minLength: 1, maxLength: 3 }),
        async (calls, reads) => {
          await fill(table, calls);
          const { answers } = await store.read(reads, ORIGIN);
          reads.forEach((read, i) => {
            expect(sorted(answers[i] as readonly SegmentCell[])).toEqual(sorted(expectedCells(read, calls)));
          });
        },
      ),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['calls', 'one by one', false],
    ['calls', 'together', true],
    ['zoneless_calls', 'one by one', false],
    ['epoch_calls', 'together', true],
  ])('gives random rows of %s in columns, %s', async (table, _, together) => {
    const store = open(tableOf(table), PRICES);
    await fc.assert(
      fc.asyncProperty(callsArbitrary, readArbitrary, async (calls, { measures, groupBy, edges }) => {
        await fill(table, calls);
        const read: CallRead = {
          dimensions: groupBy,
          measures: measures.filter((measure) => measure !== 'calls' && !isSketch(measure)),
          sketches: measures.filter(isSketch),
          edges,
          together,
        };
        const columns = await store.snapshot((snapshot) => snapshot.calls(read));
        if (!together) expect(columns.sums.get('calls')?.units.every((count) => count === 1)).toBe(true);
        const asked: CellRead = {
          measures: [...columns.sums.keys(), ...read.sketches],
          where: {},
          groupBy,
          edges,
          ranges: [{ from: edges[0] as number, to: edges.at(-1) as number }],
        };
        expect(sorted(cellsIn(columns))).toEqual(sorted(expectedCells(asked, calls)));
      }),
      { numRuns: RUNS },
    );
  });

  it('refuses columns of numbers finer than 10^-12', async () => {
    await engine.sql.query('CREATE TABLE fine_calls (at timestamptz, tokens numeric)');
    await engine.sql.query('INSERT INTO fine_calls VALUES ($1, 0.0000000000001)', [new Date(ORIGIN)]);
    const store = open({ table: 'fine_calls', columns: { time: 'at', input_tokens: 'tokens' } });
    const read: CallRead = {
      dimensions: [],
      measures: ['input_tokens'],
      sketches: [],
      edges: [ORIGIN, ORIGIN + HOUR],
      together: false,
    };
    await expect(store.snapshot((snapshot) => snapshot.calls(read))).rejects.toThrow(/finer/);
  });

  it('gives what plain SQL sums over the same window, to the micro-dollar and beyond', async () => {
    const store = open(CALLS);
    await fc.assert(
      fc.asyncProperty(callsArbitrary, async (calls) => {
        await fill('calls', calls);
        const [plain] = await engine.sql.query<{ spend: string; calls: string }>(
          `SELECT coalesce(sum(cost::numeric), 0) AS spend, count(*) AS calls FROM calls
           WHERE at >= $1 AND at < $2 AND cost > -1000000001 AND cost < 1000000001 AND service = 'search'`,
          [new Date(ORIGIN), new Date(ORIGIN + 5000)],
        );
        const read = { ...totals(['cost'], ORIGIN, ORIGIN + 5000), where: { service: { in: ['search'] } } };
        const [cell] = await cells(store, read);
        expect(formatFixed(cell?.cell.sums.cost ?? 0n, 12)).toBe(
          formatFixed(fixedOf(plain?.spend ?? '0'), 12),
        );
      }),
      { numRuns: RUNS },
    );
  });

  it('counts a row at the start of a window and not one at its end', async () => {
    await fill('calls', [
      call({ at: ORIGIN }),
      call({ at: ORIGIN + HOUR - 1 }),
      call({ at: ORIGIN + HOUR }),
      call({ at: ORIGIN - 1 }),
    ]);
    const [cell] = await cells(open(CALLS), totals(['calls'], ORIGIN, ORIGIN + HOUR));
    expect(cell?.cell.sums.calls).toBe(2n * ONE);
  });

  it('makes 100 of a thousand dimes', async () => {
    await fill(
      'calls',
      Array.from({ length: 1000 }, () => call({ cost: 0.1 })),
    );
    const [cell] = await cells(open(CALLS), totals(['cost'], ORIGIN, ORIGIN + HOUR));
    expect(cell?.cell.sums.cost).toBe(100n * ONE);
  });

  it('answers a read without rows, without ranges and without a segment with no cells', async () => {
    await engine.sql.query('TRUNCATE calls');
    const store = open(CALLS);
    const read = totals(['calls', 'latency_sketch'], ORIGIN, ORIGIN + HOUR);
    const { newestRow, answers } = await store.read(
      [read, { ...read, ranges: [] }, { ...read, edges: [ORIGIN] }],
      ORIGIN,
    );
    expect({ newestRow, answers }).toEqual({ newestRow: null, answers: [[], [], []] });
  });

  it('finds the newest row before the instant, and rows without end do not hide it', async () => {
    await fill('calls', [call({ at: ORIGIN - 5000 }), call({ at: ORIGIN - 1 }), call({ at: ORIGIN })]);
    await engine.sql.query(`INSERT INTO calls (at) VALUES ('infinity'), ('-infinity'), ('9999-12-31')`);
    expect((await open(CALLS).read([], ORIGIN)).newestRow).toBe(ORIGIN - 1);
    expect((await open(CALLS).read([], ORIGIN - 5000)).newestRow).toBeNull();
  });

  it.each(TABLES)('names the spans of %s that have a row', async (table) => {
    const store = open(tableOf(table));
    const span = (from: number) => ({ from: ORIGIN + from, to: ORIGIN + from + 1000 });
    await fill(
      table,
      [-5000, -5000, 1999].map((at) => call({ at: ORIGIN + at })),
    );
    const spans = [-6000, -5000, -4000, 0, 1000, 2000].map(span);
    expect(await store.occupied(spans)).toEqual([-5000, 1000].map(span));
    expect(await store.occupied([])).toEqual([]);
  });

  it('a read that fails, fails alone', async () => {
    await fill('calls', [call({})]);
    const store = open({ ...CALLS, dimensions: { broken: { sql: '1 / 0' }, lost: 'no_such_column' } });
    const good = totals(['calls'], ORIGIN, ORIGIN + HOUR);
    const { answers } = await store.read(
      [
        good,
        { ...good, groupBy: ['broken'] },
        { ...good, groupBy: ['lost'] },
        { ...good, groupBy: ['nobody'] },
        good,
      ],
      ORIGIN,
    );
    expect(
      answers.map((answer) =>
        answer instanceof AppError ? answer.code : (answer as readonly SegmentCell[]).length,
      ),
    ).toEqual([1, 'store_query_failed', 'store_column_missing', 'dimension_unknown', 1]);
  });

  it('names a table that is not there', async () => {
    await expect(open({ ...CALLS, table: 'no_such_table' }).read([], ORIGIN)).rejects.toMatchObject({
      code: 'store_table_missing',
    });
  });

  it('never takes names and values for SQL', async () => {
    const evil = `x"; DROP TABLE calls; --`;
    await fill('calls', [
      call({ service: `'; DROP TABLE calls; --` }),
      call({ service: `'; DROP TABLE calls; --`, user: null }),
    ]);
    await engine.sql.query(
      `CREATE TABLE IF NOT EXISTS "${evil.replaceAll('"', '""')}" AS SELECT *, 7 AS "a""b" FROM calls`,
    );
    const store = open({ ...CALLS, table: evil, dimensions: { odd: 'a"b' } });
    const read = {
      ...totals(['calls'], ORIGIN, ORIGIN + HOUR),
      groupBy: ['odd'],
      where: { service: { in: [`'; DROP TABLE calls; --`] }, user: { notIn: [null, `\\' OR true --`] } },
    };
    expect(await cells(store, read)).toMatchObject([{ key: ['7'], cell: { sums: { calls: ONE } } }]);
    expect(await engine.sql.query('SELECT count(*) AS n FROM calls')).toEqual([{ n: '2' }]);
    expect(
      (
        await open({ ...CALLS, columns: { ...CALLS.columns, cost: evil } }).read(
          [{ ...read, measures: ['cost'], groupBy: [] }],
          ORIGIN,
        )
      ).answers[0],
    ).toMatchObject({ code: 'store_column_missing' });
  });

  it('reads columns whose names stand in its own statements too', async () => {
    await engine.sql.query(`CREATE TABLE span ("from" timestamptz, "to" text, s text, d0 text, cost_raw numeric(20, 12), failed text);
      INSERT INTO span VALUES ('${new Date(ORIGIN).toISOString()}', 't', 's', 'd', 0.000000000001, 'f')`);
    const store = open({
      table: 'span',
      columns: { time: 'from', cost: { sql: 'span.cost_raw -- the cost' }, service: 'failed' },
      dimensions: { a: 's', b: 'd0', c: { sql: '"to"' } },
    });
    const read = {
      ...totals(['cost', 'failed'], ORIGIN, ORIGIN + HOUR),
      groupBy: ['a', 'b', 'c', 'service'],
      edges: [ORIGIN, ORIGIN + 1, ORIGIN + 2, ORIGIN + HOUR],
      ranges: [
        { from: ORIGIN, to: ORIGIN + 1 },
        { from: ORIGIN + 2, to: ORIGIN + HOUR },
      ],
    };
    expect(await cells(store, read)).toEqual([
      { segment: 0, key: ['s', 'd', 't', 'f'], cell: { sums: { cost: 1n, failed: 0n }, sketches: {} } },
    ]);
  });

  it.each([
    ['numeric', ['0.1', '0.2', 'NaN', '1e300', '-0.05']],
    ['real', ['0.1', '0.2', 'NaN', '1e30', '-0.05']],
    ['float8', ['0.1', '0.2', 'Infinity', '-1e300', '-0.05']],
  ])('sums a %s cost column, and counts what is no cost', async (type, costs) => {
    await engine.sql.query(`DROP TABLE IF EXISTS typed; CREATE TABLE typed (at timestamptz, cost ${type});
      INSERT INTO typed SELECT '${new Date(ORIGIN).toISOString()}', c::${type} FROM unnest('{${costs.join(',')}}'::text[]) c`);
    const store = open({ table: 'typed', columns: { time: 'at', cost: 'cost' } });
    const [cell] = await cells(store, totals(['cost', 'unpriced', 'calls'], ORIGIN, ORIGIN + HOUR));
    expect(cell?.cell.sums).toEqual({ cost: ONE / 4n, unpriced: 2n * ONE, calls: 5n * ONE });
  });

  it.each(['numeric', 'numeric(30, 20)', 'float8'])(
    'rounds each cost of a %s column to 12 places before it sums',
    async (type) => {
      const costs = [
        '0.0000000000005',
        '0.0000000000005',
        '0.0000000000005',
        '-0.00000000000049',
        '2.1234567890125',
        '7',
      ];
      await engine.sql.query(`DROP TABLE IF EXISTS fine; CREATE TABLE fine (at timestamptz, cost ${type});
      INSERT INTO fine SELECT '${new Date(ORIGIN).toISOString()}', c::${type} FROM unnest('{${costs.join(',')}}'::text[]) c`);
      const store = open({ table: 'fine', columns: { time: 'at', cost: 'cost' } });
      const [cell] = await cells(store, totals(['cost'], ORIGIN, ORIGIN + HOUR));
      expect(formatFixed(cell?.cell.sums.cost ?? 0n, 12)).toBe('9.123456789016');
    },
  );

  it('prices every call where the table has no cost, with hundreds of models', async () => {
    await fill('calls', [
      call({ cost: 5, model: 'm-500', input: 1_000_000, output: 1 }),
      call({ cost: 5, model: 'x', input: 1 }),
      call({ cost: 5, model: 'free', input: 9 }),
    ]);
    const prices = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [`m-${i}`, { input: `${i}.000001`, output: '0.00000049' }]),
    );
    const store = open(
      { ...CALLS, columns: { ...CALLS.columns, cost: null } },
      priceList({ ...prices, free: { input: '0', output: '0' } }),
    );
    const [cell] = await cells(store, totals(['cost', 'unpriced'], ORIGIN, ORIGIN + HOUR));
    expect(formatFixed(cell?.cell.sums.cost ?? 0n, 12)).toBe('500.000001');
    expect(cell?.cell.sums.unpriced).toBe(ONE);
  });

  describe('of the preset litellm', () => {
    const LITELLM: TableOptions = { preset: 'litellm' };
    beforeAll(async () => {
      await engine.sql.query(`CREATE TABLE "LiteLLM_SpendLogs" (request_id text PRIMARY KEY, call_type text NOT NULL DEFAULT '',
        spend float8 NOT NULL DEFAULT 0, prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0,
        "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3) NOT NULL, "completionStartTime" timestamp(3),
        model text NOT NULL DEFAULT '', model_group text DEFAULT '', custom_llm_provider text DEFAULT '',
        "user" text DEFAULT '', end_user text, metadata jsonb DEFAULT '{}', cache_hit text);
        CREATE INDEX ON "LiteLLM_SpendLogs" ("startTime")`);
    });
    const T = '2026-03-29 00:00:00';

    it('sums very many tiny costs exactly', async () => {
      const rows = scaled(100_000);
      await engine.sql.query(`INSERT INTO "LiteLLM_SpendLogs" (request_id, spend, "startTime", "endTime")
        SELECT i, 0.0000002, '${T}', '${T}' FROM generate_series(1, ${rows}) i`);
      const [cell] = await cells(open(LITELLM), totals(['cost', 'calls'], ORIGIN, ORIGIN + HOUR));
      expect(cell?.cell.sums).toEqual({ cost: (BigInt(rows) * ONE) / 5_000_000n, calls: BigInt(rows) * ONE });
      await engine.sql.query('TRUNCATE "LiteLLM_SpendLogs"');
    });

    it('reads an old table: no status, no duration, no session; empty strings, odd metadata', async () => {
      await engine.sql.query(`INSERT INTO "LiteLLM_SpendLogs"
        (request_id, spend, "startTime", "endTime", model, model_group, custom_llm_provider, "user", end_user, metadata) VALUES
        ('a', 0.5, '${T}', '2026-03-29 00:00:02', 'gpt', '', '', '', '', '{"status": "success"}'),
        ('b', 0.25, '${T}', '${T}', '', '', 'openai', 'ann', 'x', '{"status": "failure", "error_information": {"error_code": "429", "error_message": "slow down"}}'),
        ('c', 0, '${T}', '${T}', 'm', 'group', 'openai', NULL, 'bob', '{"status": "failure"}'),
        ('d', 0, '${T}', '${T}', 'm', 'group', NULL, NULL, NULL, '"text"'),
        ('e', 0, '${T}', '${T}', 'm', 'group', NULL, NULL, NULL, '[1]'),
        ('f', 0, '${T}', '${T}', 'm', 'group', NULL, NULL, NULL, NULL),
        ('late', 9, '2026-03-28 20:30:00', '${T}', 'm', 'group', NULL, NULL, NULL, NULL)`);
      const read = {
        ...totals(['calls', 'failed', 'failed@429', 'cost', 'latency_sum'], ORIGIN, ORIGIN + HOUR),
        groupBy: ['service', 'model', 'user', 'session'],
      };
      const found = await cells(open(LITELLM), read);
      expect(
        Object.fromEntries(
          found.map(({ key, cell }) => [
            key.join('|'),
            Object.values(cell.sums).map((sum) => formatFixed(sum ?? 0n, 6)),
          ]),
        ),
      ).toEqual({
        'unknown|gpt||': ['1', '0', '0', '0.5', '2000'],
        'openai|unknown|ann|': ['1', '1', '1', '0.25', '0'],
        'openai|group|bob|': ['1', '1', '0', '0', '0'],
        'unknown|group||': ['3', '0', '0', '0', '0'],
      });
      expect(found.every(({ key }) => key.every((part) => part !== ''))).toBe(true);
      expect(await open(LITELLM).inspect()).toEqual([]);
    });

    it('reads a new table: its status decides what failed, its duration the latency', async () => {
      await engine.sql.query(`TRUNCATE "LiteLLM_SpendLogs"; ALTER TABLE "LiteLLM_SpendLogs" ADD status text,
        ADD request_duration_ms integer, ADD session_id text`);
      await engine.sql.query(`INSERT INTO "LiteLLM_SpendLogs" (request_id, "startTime", "endTime", status, request_duration_ms, session_id, metadata) VALUES
        ('a', '${T}', '${T}', 'success', 120, 's', '{"error_information": {"error_code": "500"}}'),
        ('b', '${T}', '${T}', 'failure', NULL, 's', '{"error_information": {"error_code": "", "error_class": "Timeout"}}'),
        ('c', '${T}', '${T}', 'failure', NULL, 's', '{"error_information": {"error_code": "200"}}'),
        ('d', '${T}', '${T}', NULL, NULL, 's', '{}'),
        ('e', '${T}', '${T}', '', NULL, 's', '{}')`);
      const read = {
        ...totals(['calls', 'failed', 'failed@timeout', 'latency_sum'], ORIGIN, ORIGIN + HOUR),
        groupBy: ['session'],
      };
      const [cell] = await cells(open(LITELLM), read);
      expect(cell?.key).toEqual(['s']);
      expect(cell?.cell.sums).toEqual({
        calls: 5n * ONE,
        failed: 2n * ONE,
        'failed@timeout': ONE,
        latency_sum: 120n * ONE,
      });
    });

    it('takes a 0 for an unknown cost where there are tokens, no cache answered, and no price says so', async () => {
      await engine.sql.query(`TRUNCATE "LiteLLM_SpendLogs"`);
      await engine.sql.query(`INSERT INTO "LiteLLM_SpendLogs"
        (request_id, spend, prompt_tokens, completion_tokens, "startTime", "endTime", model_group, cache_hit, metadata) VALUES
        ('priced', 0.5, 1000, 10, '${T}', '${T}', 'gpt-4o', 'False', '{}'),
        ('unknown', 0, 1000, 10, '${T}', '${T}', 'gpt-9', 'False', '{}'),
        ('unknown, of an old proxy', 0, 1000, 10, '${T}', '${T}', 'gpt-9', NULL, '{}'),
        ('cached', 0, 1000, 10, '${T}', '${T}', 'gpt-4o', 'True', '{}'),
        ('failed', 0, 1000, 0, '${T}', '${T}', 'gpt-4o', 'None', '{"status": "failure"}'),
        ('without tokens', 0, 0, 0, '${T}', '${T}', 'gpt-9', '', '{}'),
        ('own machine', 0, 1000000, 10, '${T}', '${T}', 'llama', '', '{}'),
        ('listed', 0, 1000000, 0, '${T}', '${T}', 'gpt-8', '', '{}')`);
      const read = totals(['calls', 'cost', 'unpriced', 'unpriced_tokens'], ORIGIN, ORIGIN + HOUR);
      const [bare] = await cells(open(LITELLM), read);
      expect(bare?.cell.sums).toEqual({
        calls: 8n * ONE,
        cost: ONE / 2n,
        unpriced: 4n * ONE,
        unpriced_tokens: 2_002_030n * ONE,
      });
      const prices = priceList({ llama: { input: '0', output: '0' }, 'gpt-8': { input: '2', output: '8' } });
      const [listed] = await cells(open(LITELLM, prices), read);
      expect(listed?.cell.sums).toMatchObject({ cost: (5n * ONE) / 2n, unpriced: 2n * ONE });
    });

    it('is not created and not written to', async () => {
      await expect(open(LITELLM).createTable()).rejects.toMatchObject({ code: 'table_not_ours' });
      await expect(open(LITELLM).insert([{ time: '2026-01-01Z', service: 's' }])).rejects.toMatchObject({
        code: 'column_not_writable',
      });
    });
  });

  describe('of the default preset', () => {
    it('is created once, with its indexes, and then is in order', async () => {
      const store = open({});
      // Tables of other programs stand here too, which it may name as well.
      const [fault] = await store.inspect();
      expect(fault).toMatchObject({
        level: 'fault',
        message: expect.stringContaining('no table api_audit_logs'),
      });
      expect(await store.createTable()).toEqual([
        'api_audit_logs',
        'idx_audit_timestamp',
        'idx_audit_service',
        'idx_audit_user',
        'idx_audit_request',
      ]);
      expect(await store.createTable()).toEqual([]);
      expect(await store.inspect()).toEqual([]);
    });

    it('has indexes under another name too', async () => {
      const store = open({ preset: 'api_audit_logs', table: 'public.other_logs' });
      expect(await store.createTable()).toContain('idx_other_logs_timestamp');
      expect(await store.inspect()).toEqual([]);
    });

    it('inserts calls once by their request_id, and reports the rows that it refuses', async () => {
      const store = open({});
      const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      const row = (n: number, more = {}) => ({
        request_id: id(n),
        time: '2026-03-29T00:00:00Z',
        service: 's',
        model: 'm',
        cost: '0.1',
        output_tokens: 3,
        ...more,
      });
      const refused: [number, string][] = [];
      const inserted = await store.insert(
        [
          row(1),
          row(2, { cost: '10000' }),
          row(1),
          row(3, { model: 'm'.repeat(51) }),
          row(4, { error: 'nul\u0000' }),
          row(5, { cost: null }),
        ],
        (index, reason) => refused.push([index, reason]),
      );
      expect(inserted).toBe(2);
      expect(refused).toEqual([
        [1, expect.stringContaining('numeric field overflow')],
        [3, expect.stringContaining('too long')],
        [4, expect.stringContaining('0x00')],
      ]);
      expect(await store.insert([row(5), row(6), row(1, { request_id: id(1).toUpperCase() })])).toBe(1);
      await expect(store.insert([row(7, { cost: '10000' })])).rejects.toMatchObject({
        code: 'store_query_failed',
      });
      expect(await store.insert([{ time: '2026-03-29T00:00:00Z', service: 's', model: 'm' }])).toBe(1);
      const [cell] = await cells(
        store,
        totals(['calls', 'cost', 'unpriced', 'input_tokens', 'output_tokens'], ORIGIN, ORIGIN + HOUR),
      );
      expect(cell?.cell.sums).toEqual({
        calls: 4n * ONE,
        cost: ONE / 5n,
        unpriced: ONE,
        input_tokens: 0n,
        output_tokens: 9n * ONE,
      });
    });
  });

  describe('digests of rows', () => {
    const AGGREGATES: readonly Aggregate[] = [
      { dimensions: ['service'], measures: ['calls', 'cost', 'failed', 'failed@timeout'], sketch: null },
      {
        dimensions: ['model', 'user'],
        measures: ['calls', 'input_tokens', 'output_tokens', 'unpriced'],
        sketch: null,
      },
      { dimensions: [], measures: ['calls', 'latency_sum'], sketch: null },
      { dimensions: ['user'], measures: ['calls'], sketch: 'latency_sketch' },
    ];
    const EDGES = [-2, 2, 3, 9, 13].map((second) => ORIGIN + second * 1000);
    const RANGES = [{ from: ORIGIN - 2000, to: ORIGIN + 13_000 }];

    /** Rows of a view have no versions, so that they are told by what is in them. */
    const VIEW: TableOptions = { ...CALLS, table: 'calls_view' };

    const digests = (store: AuditStore, aggregates = AGGREGATES, edges = EDGES) =>
      store.snapshot((snapshot) => changesOf(snapshot).digests(aggregates, edges));

    /** By segment: the digest, and the cells of all aggregates. */
    async function seen(store: AuditStore): Promise<{ digest: string | null; cells: string }[]> {
      const [short, whole] = await store.snapshot(async (snapshot) => [
        await changesOf(snapshot).digests(AGGREGATES, EDGES),
        await snapshot.buckets(AGGREGATES, EDGES, RANGES),
      ]);
      return EDGES.slice(1).map((_, i) => ({
        digest: short.find(({ segment }) => segment === i)?.digest ?? null,
        cells: JSON.stringify(
          whole.map((aggregate) =>
            linesOf(aggregate)
              .filter(({ segment }) => segment === i)
              .map((cell) => JSON.stringify(cell))
              .sort(),
          ),
        ),
      }));
    }

    const ROWS = [
      call({ service: 'search', cost: 0.25, latency: 12 }),
      call({ service: 'chat', cost: 0.5, user: null }),
      call({ service: 'chat', cost: 0.5, user: null }),
    ];
    it.each<[string, readonly TestCall[]]>([
      ['a row that came', [...ROWS, call({})]],
      ['a row that went', ROWS.slice(1)],
      ['two equal rows that went', ROWS.slice(0, 1)],
      [
        'two equal rows that became other equal rows',
        [ROWS[0], ...ROWS.slice(1).map((row) => ({ ...row, user: 'ann' }))],
      ],
      ['a cost that was filled in', ROWS.map((row, i) => (i === 0 ? { ...row, cost: 0.26 } : row))],
      ['a cost that was taken away', ROWS.map((row, i) => (i === 0 ? { ...row, cost: null } : row))],
      ['a user that was named', ROWS.map((row, i) => (i === 1 ? { ...row, user: '' } : row))],
      [
        'two rows that swapped their services',
        [{ ...ROWS[0], service: 'chat' }, { ...ROWS[1], service: 'search' }, ROWS[2]],
      ],
      ['a call that failed after all', ROWS.map((row, i) => (i === 0 ? { ...row, error: 'time-out' } : row))],
      [
        'a latency by which its bucket changes',
        ROWS.map((row, i) => (i === 0 ? { ...row, latency: 13 } : row)),
      ],
    ] as [string, TestCall[]][])('detect %s', async (_, changed) => {
      const store = open(VIEW);
      await fill('calls', ROWS);
      const before = await digests(store);
      await fill('calls', changed);
      const after = await digests(store);
      expect(after[0]?.digest).not.toBe(before[0]?.digest);
      expect(after[0]?.calls).toBe(changed.length);
    });

    it('detect every one of many swaps', async () => {
      const store = open(VIEW);
      for (let n = 0; n < 40; n += 1) {
        const [a, b] = [
          call({ service: `s${n}`, cost: n / 8, user: 'ann' }),
          call({ service: 'chat', cost: 9, latency: n }),
        ];
        await fill('calls', [a, b]);
        const [before] = await digests(store);
        for (const key of ['service', 'cost', 'user', 'latency'] as const) {
          await fill('calls', [
            { ...a, ...picked(b, [key]) },
            { ...b, ...picked(a, [key]) },
          ]);
          expect((await digests(store))[0]?.digest, `${key} of pair ${n}`).not.toBe(before?.digest);
        }
      }
    });

    it('do not depend on columns that no cube uses, nor on the order of rows', async () => {
      const store = open(VIEW);
      await fill('calls', ROWS);
      const before = await digests(store);
      await fill('calls', [...ROWS].reverse());
      expect(await digests(store)).toEqual(before);
      const byService = AGGREGATES.slice(0, 1);
      const ofServices = await digests(store, byService);
      await engine.sql.query('UPDATE calls SET latency = 1, usr = 7');
      expect(await digests(store, byService)).toEqual(ofServices);
    });

    it.each([
      ['calls', 'calls'],
      ['calls_view', 'calls'],
      ['zoneless_calls_view', 'zoneless_calls'],
    ])('differ wherever cells of %s do, whatever changes', async (shown, table) => {
      const store = open({ ...CALLS, table: shown }, PRICES);
      const change = fc.record({
        one: fc.nat(),
        other: fc.nat(),
        keys: fc.subarray(CHANGEABLE),
        isSwap: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(
          callsArbitrary,
          fc.array(change, { minLength: 1, maxLength: 3 }),
          fc.nat(),
          async (calls, changes, turn) => {
            const begin = turn % (calls.length + 1);
            const rotated = [...calls.slice(begin), ...calls.slice(0, begin)];
            const edited = [...calls];
            for (const { one, other, keys, isSwap } of calls.length === 0 ? [] : changes) {
              const [i, j] = [one % calls.length, other % calls.length];
              const [a, b] = [edited[i] as TestCall, edited[j] as TestCall];
              edited[i] = { ...a, ...picked(b, keys) };
              if (isSwap) edited[j] = { ...b, ...picked(a, keys) };
            }
            await fill(table, calls);
            const first = await seen(store);
            if (shown !== table) {
              await fill(table, rotated);
              expect((await seen(store)).map(({ digest }) => digest)).toEqual(
                first.map(({ digest }) => digest),
              );
            }
            await fill(table, edited);
            for (const [i, { digest, cells: now }] of (await seen(store)).entries()) {
              if (now !== first[i]?.cells) expect(digest).not.toBe(first[i]?.digest);
            }
          },
        ),
        { numRuns: RUNS },
      );
    });

    it('name the newest row of each segment that has rows, and the rows outside of all count for none', async () => {
      await fill('calls', [
        call({ at: ORIGIN - 2001 }),
        call({ at: ORIGIN + 2001 }),
        call({ at: ORIGIN + 2999 }),
        call({ at: ORIGIN + 12_999 }),
        call({ at: ORIGIN + 13_000 }),
      ]);
      await engine.sql.query(`UPDATE calls SET at = at + interval '999 microseconds'`);
      expect(await digests(open(CALLS), [{ dimensions: [], measures: ['calls'], sketch: null }])).toEqual([
        { segment: 1, calls: 2, digest: expect.any(String), newestRow: ORIGIN + 2999 },
        { segment: 3, calls: 1, digest: expect.any(String), newestRow: ORIGIN + 12_999 },
      ]);
      expect(await digests(open(CALLS), AGGREGATES, [ORIGIN])).toEqual([]);
    });

    it('take columns of every type, and distinguish letters that a collation treats as equal', async () => {
      await engine.sql.query(`DROP TABLE IF EXISTS odd CASCADE; DROP COLLATION IF EXISTS any_case;
        CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE odd (at timestamptz, cost real, service text COLLATE any_case, meta json, tags jsonb, team uuid,
          place point, spent money, flags text[], input bigint, code text, took interval);
        CREATE VIEW odd_view AS SELECT * FROM odd;
        INSERT INTO odd VALUES ('${new Date(ORIGIN).toISOString()}', 'NaN', 'Search', '{"a": 1}', '[1]', NULL,
          '(1,2)', 7, '{x}', 1, '429', '2 s')`);
      const store = open({
        table: 'odd_view',
        columns: {
          time: 'at',
          cost: 'cost',
          service: 'service',
          input_tokens: 'input',
          output_tokens: { sql: '(tags->>0)::int8 -- the first' },
          status: 'code',
          error: { sql: "meta->'error'" },
          latency_ms: { sql: 'extract(epoch FROM took) * 1000' },
          ttft_ms: { sql: 'NULL' },
          model: { sql: `'m'` },
        },
        dimensions: {
          meta: 'meta',
          tags: 'tags',
          team: 'team',
          place: 'place',
          spent: 'spent',
          flags: 'flags',
        },
      });
      const aggregates: readonly Aggregate[] = [
        {
          dimensions: ['flags', 'meta', 'model', 'place', 'service', 'spent', 'tags', 'team'],
          measures: ['calls', 'cost', 'failed', 'input_tokens', 'latency_sum', 'output_tokens'],
          sketch: 'ttft_sketch',
        },
      ];
      const all = new Set<string | undefined>();
      for (const change of [
        'at = at',
        `service = 'search'`,
        `meta = '{"a": 2}'`,
        `tags = '[1, 2]'`,
        `team = gen_random_uuid()`,
        `place = '(2,2)'`,
        'spent = 8',
        `flags = '{x,y}'`,
        'input = 4294967296',
        `code = '430'`,
        `took = '3 s'`,
        'cost = 0',
      ]) {
        await engine.sql.query(`UPDATE odd SET ${change}`);
        all.add((await digests(store, aggregates))[0]?.digest);
      }
      expect(all.size).toBe(12);
    });
  });

  it('names columns that are missing and expressions that are wrong, all at once', async () => {
    const store = open({
      ...CALLS,
      columns: { ...CALLS.columns, cost: 'price', id: 'input' },
      dimensions: { team: { sql: 'nope + 1' }, org: 'org' },
    });
    expect(await store.inspect()).toMatchObject([
      { level: 'fault', message: expect.stringContaining('no column "price" (mapped as cost)') },
      { level: 'fault', message: expect.stringContaining('no column "org" (mapped as org)') },
      { level: 'fault', message: expect.stringContaining('audit.dimensions.team.sql') },
      { level: 'warning', message: expect.stringContaining('begins with "at"') },
      { level: 'warning', message: expect.stringContaining('begins with "input"') },
    ]);
  });

  it('refuses a time column that holds no times', async () => {
    const store = open({ ...CALLS, columns: { ...CALLS.columns, time: 'model' } });
    await expect(store.read([], ORIGIN)).rejects.toMatchObject({ code: 'store_time_type' });
    expect(await store.inspect()).toContainEqual(
      expect.objectContaining({ level: 'fault', message: expect.stringContaining('of type text') }),
    );
  });
});

const CHANGEABLE = [
  'cost',
  'service',
  'model',
  'user',
  'input',
  'output',
  'status',
  'error',
  'latency',
] as const satisfies (keyof TestCall)[];

function picked(from: TestCall, keys: readonly (keyof TestCall)[]): Partial<TestCall> {
  return Object.fromEntries(keys.map((key) => [key, from[key]]));
}

function call(some: Partial<TestCall>): TestCall {
  return {
    at: ORIGIN,
    cost: null,
    service: 's',
    model: 'm',
    user: 'u',
    input: null,
    output: null,
    status: null,
    error: null,
    latency: null,
    ...some,
  };
}

function totals(measures: CellRead['measures'], from: number, to: number): CellRead {
  return { measures, where: {}, groupBy: [], edges: [from, to], ranges: [{ from, to }] };
}

function fixedOf(text: string): bigint {
  const fixed = parseFixed(text);
  if (fixed === null) throw new Error(`not a number: ${text}`);
  return fixed;
}

function sorted(cells: readonly SegmentCell[]): SegmentCell[] {
  const id = (cell: SegmentCell) => JSON.stringify([cell.segment, cell.key]);
  return [...cells].sort((a, b) => (id(a) < id(b) ? -1 : 1));
}
