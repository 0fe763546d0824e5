import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Cube } from '../../src/model/cube.ts';
import { AppError } from '../../src/model/errors.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import type { AuditSnapshot, AuditStore, YoungQuestions } from '../../src/stores/audit-store.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { openRollup } from '../../src/sums/live/aggregate.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const MINUTE = 60_000;
const T0 = Date.parse('2026-03-01T00:00:00Z');
const CUBES: readonly Cube[] = [
  { dimensions: ['service'], measures: ['calls', 'cost', 'failed'], bucket: null },
  { dimensions: ['service'], measures: ['calls'], bucket: 'latency_sketch' },
];
const EDGES = [T0, T0 + MINUTE, T0 + 2 * MINUTE];
/** The last id lies beyond what a double can count. */
const FAR = 9_007_199_254_740_993n;
const QUESTIONS: YoungQuestions = {
  cubes: CUBES,
  edges: EDGES,
  calls: {
    dimensions: ['service'],
    measures: ['cost', 'failed'],
    sketches: ['latency_sketch'],
    edges: EDGES.slice(1),
    together: false,
    most: 10,
  },
  arrivals: { after: String(FAR - 3n), gaps: [{ from: '2', to: '4' }], youngFrom: T0 },
};

let database: TestDatabase;
let sql: Sql;
/** How many statements transactions have sent, without what they begin and end with. */
let statements = 0;
let store: AuditStore;

beforeAll(async () => {
  database = await createDatabase();
  sql = await openSql(database.url);
});
afterAll(async () => {
  await sql.close();
  await database.drop();
});

beforeEach(async () => {
  await sql.query(`DROP TABLE IF EXISTS calls;
    CREATE TABLE calls (id numeric, at timestamptz, cost numeric, service text, status integer, ms float8)`);
  const services = [`O'Neil "and" \\sons\\`, 'a,b{c}\n\t\u0001', 'größe 🦊', null, ''];
  await sql.query(
    `INSERT INTO calls SELECT $1::numeric - 5 + n, $2::timestamptz + n * interval '20 seconds', n / 7.0, ($3::text[])[n], 499 + n % 3, n * 10
     FROM generate_series(1, 5) AS n UNION ALL SELECT 3, $2::timestamptz - interval '5 hours', 1, 'late', 200, 1`,
    [String(FAR), new Date(T0), services],
  );
  const counting: Sql = {
    ...sql,
    transaction: (options, work) =>
      sql.transaction(options, (session) =>
        work({
          query: (text, values) => {
            statements += 1;
            return session.query(text, values);
          },
        }),
      ),
  };
  const columns = {
    id: 'id',
    time: 'at',
    cost: 'cost',
    service: 'service',
    status: 'status',
    latency_ms: 'ms',
  };
  store = postgres.open(counting, { table: 'calls', columns }, null);
  // What kind of table it is, is looked up by the first question.
  await store.snapshot((snapshot) => snapshot.digests(CUBES, EDGES));
});

const askAll = async (snapshot: AuditSnapshot) => [
  await snapshot.digests(CUBES, EDGES),
  await snapshot.calls(QUESTIONS.calls),
  await snapshot.arrivals(QUESTIONS.arrivals.after, QUESTIONS.arrivals.gaps, QUESTIONS.arrivals.youngFrom),
];

/** How many statements it takes. */
async function counted<T>(
  work: (snapshot: AuditSnapshot) => Promise<T>,
): Promise<{ answer: T; count: number }> {
  const before = statements;
  const answer = await store.snapshot(work);
  return { answer, count: statements - before };
}

it('what was foreseen is what each question answers by itself, whatever is in the rows, in one statement', async () => {
  const apart = await counted(askAll);
  const together = await counted(async (snapshot) => {
    await snapshot.foresee(QUESTIONS);
    return askAll(snapshot);
  });
  expect(together.answer).toEqual(apart.answer);
  expect(apart.answer[1]).toMatchObject({ length: 3 });
  expect(apart.answer[2]).toMatchObject({ newest: String(FAR), hours: [T0 - 5 * 60 * MINUTE] });
  expect([apart.count, together.count]).toEqual([3, 1]);
});

it('another question is asked for itself', async () => {
  const { answer, count } = await counted(async (snapshot) => {
    await snapshot.foresee(QUESTIONS);
    const { after, youngFrom } = QUESTIONS.arrivals;
    return [
      await snapshot.digests(CUBES.slice(0, 1), EDGES),
      await snapshot.digests(CUBES, EDGES.slice(1)),
      await snapshot.calls({ ...QUESTIONS.calls, edges: EDGES }),
      await snapshot.arrivals(after, [], youngFrom),
    ];
  });
  expect(count).toBe(5);
  expect(answer[2]).toMatchObject({ length: 5 });
  expect(answer[3]).toMatchObject({ hours: [] });
});

it('of more calls than are asked for at most, so many come', async () => {
  const { answer } = await counted(async (snapshot) => {
    const calls = { ...QUESTIONS.calls, most: 2 };
    await snapshot.foresee({ ...QUESTIONS, calls });
    return snapshot.calls(calls);
  });
  expect(answer.length).toBe(2);
});

it('where one of them is refused, that look is lost; they are asked one by one then, and together again after a while', async () => {
  await sql.query(`INSERT INTO calls (id, at) VALUES (1e30, '2026-03-01T00:01:30Z')`);
  const foreseen = store.snapshot((snapshot) => snapshot.foresee(QUESTIONS));
  await expect(foreseen).rejects.toThrow(AppError);
  await sql.query('DELETE FROM calls WHERE id = 1e30');
  const counts: number[] = [];
  for (let looks = 0; looks < 70; looks += 1) {
    const { count } = await counted(async (snapshot) => {
      await snapshot.foresee(QUESTIONS);
      return askAll(snapshot);
    });
    counts.push(count);
  }
  // The kind of table is looked up again by the first one.
  expect(counts.slice(1, 50)).toEqual(counts.slice(1, 50).fill(3));
  expect(counts.slice(-5)).toEqual([1, 1, 1, 1, 1]);
});

it('where they take too long together, they are asked one by one from then on', async () => {
  await sql.query(`CREATE OR REPLACE FUNCTION slowly(moment timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT moment FROM pg_sleep(0.08) $$`);
  const slow = await openSql(database.url, { statementTimeoutMs: 1_200 });
  try {
    // The questions take 0.7, 0.6 and 0.4 s.
    const columns = { id: 'id', time: { sql: 'slowly(at)' }, cost: 'cost', service: 'service' };
    const slowStore = postgres.open(slow, { table: 'calls', columns }, null);
    const [from, to] = [EDGES[0] as number, EDGES.at(-1) as number];
    const read = { ...QUESTIONS.calls, edges: [from, to], sketches: [], measures: ['cost' as const] };
    const cubes: readonly Cube[] = [{ dimensions: ['service'], measures: ['calls', 'cost'], bucket: null }];
    const look = () =>
      slowStore.snapshot(async (snapshot) => {
        await snapshot.foresee({ ...QUESTIONS, cubes, edges: [from, to], calls: read });
        return snapshot.calls(read);
      });
    await sql.query('DELETE FROM calls WHERE id <> 3 AND id < $1', [String(FAR - 1n)]);
    await slowStore.snapshot((snapshot) => snapshot.digests(cubes, [from, to]));
    await expect(look()).rejects.toMatchObject({ code: 'store_timeout' });
    for (let looks = 0; looks < 3; looks += 1) expect((await look()).length).toBe(2);
  } finally {
    await slow.close();
  }
});

it('a quiet look of the rollup is one statement, also where a call was logged after the poll that saw its minute', async () => {
  const at = T0 + 30 * MINUTE;
  const rollup = openRollup(store, { latenessMs: 15 * MINUTE, kept: null });
  const look = (now: number) =>
    rollup.look(
      [
        {
          measures: ['cost', 'calls'],
          where: {},
          groupBy: [],
          windows: [{ from: now - 20 * MINUTE, to: now }],
        },
      ],
      now,
    );
  const log = (time: number) =>
    sql.query('INSERT INTO calls (id, at, cost) SELECT max(id) + 1, $1, 1 FROM calls', [new Date(time)]);
  // Only whole numbers are an order in which rows were inserted.
  await sql.query('DELETE FROM calls; ALTER TABLE calls ALTER COLUMN id TYPE bigint');
  await sql.query('INSERT INTO calls (id, at, cost) VALUES (1, $1, 1)', [new Date(at - 10 * MINUTE)]);
  await log(at - MINUTE / 2);
  await look(at);
  for (let minute = 1; minute <= 4; minute += 1) {
    const now = at + minute * MINUTE;
    await log(now - 1_000);
    await log(now - MINUTE - 1_000);
    const before = statements;
    const { series } = await look(now);
    expect(statements - before).toBe(1);
    expect(series[0]?.cell(0, 0)?.sums.calls).toBe(BigInt(2 + 2 * minute) * 10n ** 12n);
  }
});
