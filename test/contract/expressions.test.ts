import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { evaluateOnce } from '../../src/check/check.ts';
import type { CallColumns } from '../../src/model/call-columns.ts';
import type { AppError } from '../../src/model/errors.ts';
import { ONE } from '../../src/model/money.ts';
import type { CellRead } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { checkOf } from '../check/check-parts.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

const AT = Date.parse('2026-03-10T10:00:00Z');
const HOUR = 3_600_000;
const COLUMNS = { time: 'at', cost: 'cost', service: 'service', session: 'tags' } as const;

/** Expressions that are refused, and what is said of them. */
const REFUSED: readonly (readonly [sql: string, words: RegExp])[] = [
  [`unnest(string_to_array(tags, ','))`, /set-returning/],
  [`generate_series(1, 3)`, /set-returning/],
  [`upper(regexp_split_to_table(tags, ','))`, /set-returning/],
  [`jsonb_array_elements(doc->'list')`, /set-returning/],
  [`CASE WHEN cost > 1 THEN tags END) , unnest(string_to_array(tags, ',')`, /not one expression/],
  [`max(tags)`, /aggregate/],
  [`(SELECT max(tags))`, /aggregate/],
  [`string_agg(tags, ',') FILTER (WHERE cost > 0)`, /aggregate/],
  [`row_number() OVER (ORDER BY at)`, /window/],
  [`sum(cost) OVER ()`, /window/],
  [`tags, service`, /not one expression/],
  [`(tags, service)`, /row of several values/],
  [`ROW(tags, service)`, /row of several values/],
  [`tags) = (service`, /not one expression/],
  [`tags] || ARRAY[service`, /not one expression/],
  [`tags AS tag`, /not one expression/],
  [`tags ORDER BY at`, /not one expression/],
  [`tags; SELECT 1`, /not one expression/],
  [`tags /* the tags`, /not one expression/],
  [`*`, /not one expression/],
  [`random()::text`, /another value at each read/],
  [`clock_timestamp()::text`, /another value at each read/],
  [`pg_backend_pid()`, /another value at each read/],
  [`dice()`, /another value at each read/],
  [`upper("Thrown"(tags))`, /another value at each read/],
];

/** Expressions that are one value of their own row, however they are written. */
const TAKEN = [
  `split_part(tags, ',', 1)`,
  `(string_to_array(tags, ','))[1] -- the first`,
  `array_to_string(ARRAY(SELECT t FROM unnest(string_to_array(tags, ',')) AS t ORDER BY t), '/')`,
  `(SELECT max(t) FROM unnest(string_to_array(tags, ',')) AS t)`,
  `CASE WHEN tags LIKE '%)%' THEN 'random(' ELSE doc->>'team' END`,
  `/* ) */ lower(tags)`,
  `string_to_array(tags, ',')`,
  `doc`,
  `NULL`,
  `'all'`,
  `at > now() - interval '1 hour'`,
  `team_of(tags)`,
];

describe.each(STORES)('an expression of audit.dimensions, in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await startEngine(name);
    await engine.sql.query(`CREATE FUNCTION dice() RETURNS int LANGUAGE sql STABLE AS 'SELECT floor(random() * 6)::int';
      CREATE FUNCTION "Thrown"(text) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT dice()::text; END;
      CREATE FUNCTION team_of(tag text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN upper(tag) /* not random() */; END'`);
    await engine.sql.query(`CREATE TABLE calls (at timestamptz, cost numeric, service text, tags text, doc jsonb);
      INSERT INTO calls VALUES ('${new Date(AT - 60_000).toISOString()}', 12, 'search', 'a,b', '{"list":[1,2]}'),
        ('${new Date(AT - 120_000).toISOString()}', 12, 'search', 'c', NULL)`);
  });
  afterAll(() => engine?.stop());

  const open = (sql: string, more: Partial<TableOptions> = {}): AuditStore =>
    storeType.open(
      engine.sql,
      { table: 'calls', columns: COLUMNS, dimensions: { tag: { sql } }, ...more },
      null,
    );
  const read = (groupBy: readonly string[]): CellRead => ({
    measures: ['cost', 'calls'],
    where: {},
    groupBy,
    edges: [AT - HOUR, AT],
    ranges: [{ from: AT - HOUR, to: AT }],
  });
  const aggregates = [
    { dimensions: [], measures: ['calls' as const, 'cost' as const], sketch: null },
    { dimensions: ['tag'], measures: ['calls' as const, 'cost' as const], sketch: null },
  ];
  const bucketsOf = (store: AuditStore): Promise<CallColumns[]> =>
    store.snapshot((snapshot) =>
      snapshot.buckets(aggregates, [AT - HOUR, AT], [{ from: AT - HOUR, to: AT }]),
    );

  it.each(REFUSED)('is refused: %s', async (sql, words) => {
    const store = open(sql);
    const { answers } = await store.read([read(['tag']), read([])], AT);
    expect(answers[0]).toMatchObject({
      code: 'expression_refused',
      message: expect.stringMatching(/^audit\.dimensions\.tag\.sql /),
      hint: expect.stringMatching(/./),
    });
    expect((answers[0] as AppError).message).toMatch(words);
    // The others are as if it was not there.
    expect(answers[1]).toMatchObject([{ cell: { sums: { cost: 24n * ONE, calls: 2n * ONE } } }]);
    await expect(bucketsOf(store)).rejects.toMatchObject({ code: 'expression_refused' });
    expect(store.isFaulty({ measures: ['calls'], groupBy: [], where: { tag: { in: ['a'] } } }, AT)).toBe(
      true,
    );
    expect(store.isFaulty({ measures: ['calls'], groupBy: ['service'], where: {} }, AT)).toBe(false);
    expect(await store.inspect()).toContainEqual({
      level: 'fault',
      message: (answers[0] as AppError).message,
      hint: (answers[0] as AppError).hint,
    });
  });

  it.each(TAKEN)('is one value a row: %s', async (sql) => {
    const store = open(sql);
    const { answers } = await store.read([read(['tag'])], AT);
    const cells = answers[0] as readonly { cell: { sums: Record<string, bigint> } }[];
    expect(cells.reduce((sum, { cell }) => sum + (cell.sums.cost ?? 0n), 0n)).toBe(24n * ONE);
    for (const aggregate of await bucketsOf(store)) {
      expect(aggregate.sums.get('calls')?.units.reduce((sum, calls) => sum + calls)).toBe(2);
    }
    expect((await store.inspect()).filter(({ level }) => level === 'fault')).toEqual([]);
  });

  test('that fails for some rows is an error of the rules that use it, with its key', async () => {
    const store = open(`(SELECT t FROM unnest(string_to_array(tags, ',')) AS t)`);
    const { answers } = await store.read([read(['tag']), read([])], AT);
    expect(answers[0]).toMatchObject({
      code: 'store_query_failed',
      message: expect.stringMatching(/^audit\.dimensions\.tag\.sql cannot be read: more than one row/),
    });
    expect(answers[1]).toMatchObject([{ cell: { sums: { cost: 24n * ONE } } }]);
  });

  test('of the time that is refused is reported instead of a sum', async () => {
    const store = open('tags', { columns: { ...COLUMNS, time: { sql: 'max(at)' } } });
    await expect(store.read([read([])], AT)).rejects.toMatchObject({
      code: 'expression_refused',
      message: expect.stringContaining('audit.columns.time.sql is an aggregate'),
    });
    await expect(bucketsOf(store)).rejects.toMatchObject({ code: 'expression_refused' });
  });

  test('of the cost that is refused is an error of the rules about money alone', async () => {
    const store = open('tags', { columns: { ...COLUMNS, cost: { sql: 'sum(cost) OVER ()' } } });
    const rules = ['spend', 'calls'].map((metric) =>
      ruleOf('threshold', { name: metric, metric, threshold: 1 }),
    );
    const parts = checkOf({ store, dimensions: new Set<string>() } as never, rules);
    const { rules: checked } = await evaluateOnce(parts, AT);
    expect(checked.map(({ rule, status }) => [rule.name, status])).toEqual([
      ['spend', 'error'],
      ['calls', 'firing'],
    ]);
    expect(checked[0]?.error).toMatch(/audit\.columns\.cost\.sql is a window function.*\(.*\)$/);
  });
});
