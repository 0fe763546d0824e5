import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { seededRandom } from '../../src/demo/random.ts';
import { Secret } from '../../src/model/secret.ts';
import type { Query, Series } from '../../src/model/series.ts';
import type { Window } from '../../src/model/window.ts';
import { collectDirectly } from '../../src/pipeline/collect.ts';
import { openState, type State } from '../../src/state/open.ts';
import { openWorkerSums, type WorkerSums } from '../../src/worker/worker-sums.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { scaled } from '../support/scaled.ts';
import { faultSeeds } from '../support/seeds.ts';
import { allComparable, groupsIn } from '../support/series-cells.ts';
import type { Asked, Held } from '../support/sql-gate.ts';
import { arrives, until } from '../support/until.ts';
import { type CellsWorld, openCellsWorld } from './cells-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-03-10T10:07:00Z');

const figures = { polls: 0, kills: 0 };
afterAll(() => {
  process.stderr.write(
    `late rows: ${figures.polls} polls equal to direct SQL, ${figures.kills} kills at work on cells\n`,
  );
});

describe('rows that come late, change or go', () => {
  let calls: CallStore;
  let state: State;

  beforeAll(async () => {
    calls = await openCallStore('postgres');
    state = await openState(calls.sql);
  });

  afterAll(async () => {
    await calls?.stop();
  });

  beforeEach(async () => {
    await calls.clear();
    await calls.sql.query('TRUNCATE spendwatch.aggregate_bucket, spendwatch.aggregate_watermark');
    await insert(3_300, { from: AT - 33 * DAY, to: AT });
  });

  /** So many calls, spread evenly; some have no cost. */
  const insert = (
    rows: number,
    { from, to }: Window,
    session: { query(text: string, values: unknown[]): Promise<unknown> } = calls.sql,
  ) =>
    session.query(
      `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens, status_code, latency_ms, cost_usd)
       SELECT gen_random_uuid(), $1::timestamptz + ($2::timestamptz - $1::timestamptz) * ((n - 1)::float8 / $3::int),
         'service-' || n % 4, 'user-' || n % 23, 'm', '', 10, CASE n % 10 WHEN 0 THEN 500 ELSE 200 END, n % 9000,
         CASE n % 11 WHEN 0 THEN NULL ELSE (n % 9973)::numeric / 1000000 END
       FROM generate_series(1, $3::int) AS n`,
      [new Date(from), new Date(to), rows],
    );

  /** A keeper as a worker opens it: also one that takes over what another has kept. */
  const openKeeper = (): WorkerSums => {
    const audit = {
      url: new Secret(calls.url),
      mapping: { table: 'api_audit_logs', columns: {}, dimensions: {}, timeKind: 'timestamptz' },
      prices: null,
      latenessMs: 15 * MINUTE,
      reconcileMs: HOUR,
    };
    return openWorkerSums({ audit, rules: [], timezone: 'UTC' } as unknown as Config, calls.store, state);
  };

  const maintain = async (keeper: WorkerSums, at: number): Promise<void> => {
    while (!(await keeper.maintain(at)).isDone);
  };

  /** Makes what is missing, so that the next poll answers all from cells. */
  const settle = async (keeper: WorkerSums, at: number): Promise<void> => {
    await keeper.source.refresh?.(queriesAt(at), at);
    await maintain(keeper, at);
  };

  /** All steps of the comparison that are due at an instant: at most one for each day that rules use. */
  const compareAll = async (keeper: WorkerSums, at: number): Promise<void> => {
    for (let step = 0; step < 40; step += 1) await maintain(keeper, at);
  };

  /** One poll: all from cells, as a direct read answers, and as a plain sum over the rows says. */
  const expectSame = async (keeper: WorkerSums, at: number, when: string): Promise<number> => {
    const queries = queriesAt(at);
    const begun = performance.now();
    const seen = await keeper.source.refresh?.(queries, at);
    const ms = performance.now() - begun;
    const series = seen?.series ?? [];
    expect(
      series.filter((one) => one === null),
      `${when}: not from cells`,
    ).toEqual([]);
    const direct = await collectDirectly(calls.store, queries, at);
    expect(allComparable(series, queries), when).toEqual(allComparable(direct.series, queries));

    const month = queries[MONTH_BY_USER] as Query;
    const [window] = month.windows as readonly [Window];
    const rows = await calls.sql.query<{ user: string; units: string }>(
      `SELECT user_id AS user, trunc(COALESCE(sum(cost_usd), 0) * 1000000000000)::text AS units FROM api_audit_logs
       WHERE request_timestamp >= $1 AND request_timestamp < $2 GROUP BY user_id`,
      [new Date(window.from), new Date(window.to)],
    );
    const byCells = groupsIn(series[MONTH_BY_USER] as Series, month);
    expect(new Map(byCells.map(({ key, cells }) => [key[0], cells[0]?.sums.cost])), when).toEqual(
      new Map(rows.map(({ user, units }) => [user, BigInt(units)])),
    );
    figures.polls += 1;
    return ms;
  };

  /** A transaction that has written a call of each age and is still open. */
  const holdOpen = async (ages: readonly number[], rows = 1): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: calls.url });
    await client.connect();
    await client.query('BEGIN');
    for (const age of ages) await insert(rows, { from: AT - age, to: AT - age + 1 }, client);
    return client;
  };

  test.for(faultSeeds('transactions that are held open'))(
    'a transaction held open over several polls counts from the poll after its commit, in whatever order they commit (seed %i)',
    async (seed, { onTestFinished }) => {
      const random = seededRandom(seed);
      const open: pg.Client[] = [];
      onTestFinished(async () => {
        for (const client of open) await client.end();
      });
      let keeper = openKeeper();
      await settle(keeper, AT);
      let at = AT;
      const poll = async (when: string): Promise<void> => {
        at += MINUTE;
        await expectSame(keeper, at, when);
        await maintain(keeper, at);
      };
      for (let n = 0; n < 5; n += 1) {
        open.push(await holdOpen([2 * MINUTE, 3 * HOUR, 20 * DAY, random() * 30 * DAY]));
        await insert(3, { from: at - random() * DAY, to: at });
        await poll(`with ${n + 1} transactions open`);
      }
      while (open.length > 0) {
        const [client] = open.splice(Math.floor(random() * open.length), 1);
        await client?.query('COMMIT');
        await client?.end();
        if (random() < 0.3) {
          keeper = openKeeper();
          await settle(keeper, at);
        }
        await poll(`with ${open.length} transactions left`);
      }
    },
  );

  test('rows of 3 hours and of 20 days ago that arrive now count at the next poll', async () => {
    const keeper = openKeeper();
    await settle(keeper, AT);
    for (const [n, age] of [3 * HOUR, 20 * DAY].entries()) {
      await calls.log({ at: AT - age, cost: '7.000001', user: `late-${n}` });
      await expectSame(keeper, AT + (n + 1) * MINUTE, `a row ${age} ms old`);
    }
    await maintain(keeper, AT + 2 * MINUTE);
    await settle(openKeeper(), AT + 3 * MINUTE);
    await expectSame(openKeeper(), AT + 4 * MINUTE, 'after a restart');
  });

  const batch = scaled(100_000);
  test(`a nightly batch of ${batch.toLocaleString('en')} old rows counts at the poll after its commit`, async ({
    onTestFinished,
  }) => {
    const rows = batch;
    const keeper = openKeeper();
    await settle(keeper, AT);
    const usual = await expectSame(keeper, AT + MINUTE, 'before the batch');
    const client = new pg.Client({ connectionString: calls.url });
    await client.connect();
    onTestFinished(() => client.end());
    await client.query('BEGIN');
    const begun = performance.now();
    await insert(rows / 2, { from: AT - 29 * HOUR, to: AT - 5 * HOUR }, client);
    await insert(rows / 2, { from: AT - 20 * DAY, to: AT - 19 * DAY }, client);
    const loaded = performance.now() - begun;
    // Later ids are seen first: the batch is a gap of as many ids to fill.
    await calls.log({ at: AT + MINUTE, cost: '1.000001' });
    await expectSame(keeper, AT + 2 * MINUTE, 'while the batch is open');
    await client.query('COMMIT');
    const next = await expectSame(keeper, AT + 3 * MINUTE, 'after the batch');
    const after = await expectSame(keeper, AT + 4 * MINUTE, 'at the poll after that');
    process.stderr.write(
      `nightly batch: ${rows} rows written in ${ms(loaded)}, next poll ${ms(next)}, the one after ${ms(after)}, before ${ms(usual)}\n`,
    );
  });

  test('a cost that is filled in later counts at the next poll for a young row, for an old one after the comparison', async () => {
    const keeper = openKeeper();
    const ages = { young: 5 * MINUTE, hours: 5 * HOUR, weeks: 20 * DAY };
    await calls.log(...Object.entries(ages).map(([user, age]) => ({ at: AT - age, cost: null, user })));
    const fill = (user: keyof typeof ages) =>
      calls.sql.query(`UPDATE api_audit_logs SET cost_usd = 3.000001 WHERE user_id = '${user}'`);
    await settle(keeper, AT);
    await fill('young');
    await expectSame(keeper, AT + MINUTE, 'filled in within the lateness');

    await fill('hours');
    await settle(keeper, AT + HOUR + MINUTE);
    await compareAll(keeper, AT + HOUR + MINUTE);
    await expectSame(keeper, AT + HOUR + 2 * MINUTE, 'filled in after hours');

    await fill('weeks');
    await settle(keeper, AT + DAY + 2 * MINUTE);
    await compareAll(keeper, AT + DAY + 2 * MINUTE);
    await expectSame(keeper, AT + DAY + 3 * MINUTE, 'filled in after weeks');
    await settle(openKeeper(), AT + DAY + 4 * MINUTE);
    await expectSame(openKeeper(), AT + DAY + 5 * MINUTE, 'after a restart');
  });

  test('rows that retention deletes are gone after the daily comparison', async () => {
    const keeper = openKeeper();
    await settle(keeper, AT);
    await calls.sql.query('DELETE FROM api_audit_logs WHERE request_timestamp < $1', [
      new Date(AT - 13.6 * DAY),
    ]);
    await settle(keeper, AT + DAY + MINUTE);
    await compareAll(keeper, AT + DAY + MINUTE);
    await expectSame(keeper, AT + DAY + 2 * MINUTE, 'after the comparison');
    await settle(openKeeper(), AT + DAY + 3 * MINUTE);
    await expectSame(openKeeper(), AT + DAY + 4 * MINUTE, 'after a restart');
  });
});

const MONTH_BY_USER = 0;

/** What rules with short, long and daily windows ask, their edges within minutes. */
function queriesAt(at: number): Query[] {
  const back = (length: number, end = at): Window => ({ from: end - length, to: end });
  const spend = (groupBy: readonly string[], windows: readonly Window[]): Query => ({
    measures: ['cost', 'unpriced', 'calls'],
    where: {},
    groupBy,
    windows,
  });
  return [
    spend(['user'], [back(30 * DAY)]),
    spend(['user'], [back(HOUR), back(7 * DAY)]),
    spend(['service'], [back(HOUR), back(26 * HOUR)]),
    spend(
      ['service'],
      Array.from({ length: 28 }, (_, day) => back(6 * HOUR, at - day * DAY)),
    ),
    {
      measures: ['failed', 'calls'],
      where: { service: { notIn: ['service-1'] } },
      groupBy: [],
      windows: [back(12 * DAY)],
    },
    {
      measures: ['latency_sketch', 'calls'],
      where: {},
      groupBy: ['service'],
      windows: [back(30 * HOUR)],
    },
  ];
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}

/** A moment of work on cells: before the server gets a statement, or when it has been done and the worker does not know. */
interface Moment {
  readonly name: string;
  readonly when: 'before' | 'after';
  readonly fits: (asked: Asked) => boolean;
}

const AUDIT = /FROM\s+"?api_audit_logs/;
const reads = ({ text }: Asked): boolean => /GROUPING SETS/.test(text) && AUDIT.test(text);
const isIn = ({ earlier }: Asked, words: RegExp): boolean => earlier.some((text) => words.test(text));
/** The build and the comparison read cells before all else, a look only after the young rows. */
const readsAlone = (asked: Asked): boolean => reads(asked) && !isIn(asked, AUDIT);
const readsInLook = (asked: Asked): boolean => reads(asked) && isIn(asked, /WITH arrived AS/);
const arrivals = ({ text }: Asked): boolean => /WITH arrived AS/.test(text);
const keepsCells = ({ text }: Asked): boolean => /INSERT INTO spendwatch\.aggregate_bucket/.test(text);
const commitsCells = (asked: Asked): boolean =>
  /^COMMIT/.test(asked.text) && isIn(asked, /INSERT INTO spendwatch\.aggregate_bucket/);

const KEEPING: readonly Moment[] = [
  { name: 'keeping cells', when: 'before', fits: keepsCells },
  { name: 'the commit of cells', when: 'before', fits: commitsCells },
  { name: 'the commit of cells', when: 'after', fits: commitsCells },
];
const ALONE: readonly Moment[] = [{ name: 'reading cells', when: 'before', fits: readsAlone }, ...KEEPING];
const LOOKING: readonly Moment[] = [
  { name: 'following ids', when: 'before', fits: arrivals },
  { name: 'reading late hours', when: 'before', fits: readsInLook },
  ...KEEPING,
];

async function openWorld(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  reconcile?: string,
): Promise<CellsWorld> {
  const world = await openCellsWorld(reconcile);
  onTestFinished(() => world.close());
  return world;
}

async function killAt(world: CellsWorld, { name, when }: Moment, held: Held): Promise<void> {
  await arrives(`${when} ${name}`, held.caught);
  await world.kill();
  held.release();
  figures.kills += 1;
}

describe.concurrent('a worker that is killed', () => {
  test('in the middle of the first build goes on from what is kept, and sums equal SQL', async (context) => {
    const world = await openWorld(context);
    const kept: number[] = [];
    for (const moment of ALONE) {
      // Within the second chunk, so that there is something to go on from.
      let seen = 0;
      const held = world.gate.hold(moment.when, (asked) => moment.fits(asked) && ++seen === 2);
      await world.start();
      await killAt(world, moment, held);
      kept.push(await world.keptCells());
    }
    expect(kept.every((cells, i) => cells > (kept[i - 1] ?? 0))).toBe(true);
    await world.start();
    await world.answersFromCells();
    expect(await world.said()).toEqual(await world.summed());
  });

  test('in the middle of a refresh counts the late rows after its restart', async (context) => {
    const world = await openWorld(context);
    await world.start();
    await world.answersFromCells();
    for (const moment of LOOKING) {
      const held = world.gate.hold(moment.when, moment.fits);
      await world.logLate();
      await killAt(world, moment, held);
      await world.start();
      await world.answersFromCells();
      expect(await world.said(), `killed ${moment.when} ${moment.name}`).toEqual(await world.summed());
    }
  });

  test('in the middle of a reconcile finds after its restart what was changed and deleted', async (context) => {
    const world = await openWorld(context, '1s');
    await world.start();
    await world.answersFromCells();
    for (const [n, moment] of ALONE.entries()) {
      const held = world.gate.hold(moment.when, moment.fits);
      await world.query(
        `DELETE FROM api_audit_logs WHERE (id / 120) % 10 = ${n} AND request_timestamp BETWEEN now() - interval '20 hours' AND now() - interval '4 hours'`,
      );
      await world.query(
        `UPDATE api_audit_logs SET cost_usd = cost_usd + 0.000001 WHERE (id / 120) % 3 = 0 AND request_timestamp > now() - interval '20 hours'`,
      );
      await killAt(world, moment, held);
      await world.start();
      await world.answersFromCells();
      const summed = await world.summed();
      await until(`the comparison has found it all (killed ${moment.when} ${moment.name})`, async () =>
        isDeepStrictEqual(await world.said(), summed),
      );
    }
  });
});
