import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import { ONE } from '../../src/model/money.ts';
import type { CellRead, Query, SegmentCell, Series } from '../../src/model/series.ts';
import { seriesOfCells } from '../../src/model/series.ts';
import { askInParts } from '../../src/pipeline/ask-in-parts.ts';
import type { ReadAnswers } from '../../src/stores/audit-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONTH = { from: 0, to: 30 * DAY };

/** A store with a call of 1 each hour, by the weekday of its day; statements about more than `longest` ms take too long. */
function hourlyStore(longest = Number.POSITIVE_INFINITY) {
  const asked: { from: number; to: number }[] = [];
  const read = async (reads: readonly CellRead[]): Promise<ReadAnswers> => ({
    newestRow: null,
    answers: reads.map((one) => {
      const span = { from: one.edges[0] as number, to: one.edges.at(-1) as number };
      asked.push(span);
      if (span.to - span.from > longest) return new AppError('store_timeout', 'it took too long');
      return one.ranges.flatMap((range) => cellsIn(one, range));
    }),
  });
  return { read, asked };
}

function cellsIn({ edges, groupBy }: CellRead, { from, to }: { from: number; to: number }): SegmentCell[] {
  const cells: SegmentCell[] = [];
  for (let at = Math.ceil(from / HOUR) * HOUR; at < to; at += HOUR) {
    const key = groupBy.length === 0 ? [] : [`day ${Math.floor(at / DAY) % 7}`];
    const segment = edges.findLastIndex((edge) => edge <= at);
    const known = cells.findIndex((one) => one.segment === segment && one.key[0] === key[0]);
    const calls = (cells[known]?.cell.sums.calls ?? 0n) + ONE;
    const cell = { segment, key, cell: { sums: { calls }, sketches: {} } };
    if (known < 0) cells.push(cell);
    else cells[known] = cell;
  }
  return cells;
}

function query(windows: Query['windows'], groupBy: readonly string[] = []): Query {
  return { measures: ['calls'], where: {}, groupBy, windows };
}

function callsOf(series: Series | AppError | undefined, window = 0): Record<string, bigint> {
  if (series === undefined || series instanceof AppError) throw series ?? new Error('no answer');
  const found = series.keys.map(([key = ''], group) => [
    key,
    (series.cell(group, window)?.sums.calls ?? 0n) / ONE,
  ]);
  return Object.fromEntries(found) as Record<string, bigint>;
}

describe('long windows', () => {
  it('are asked by parts that leave nothing out and ask nothing twice', async () => {
    const store = hourlyStore();
    const [answer] = await askInParts(store, [query([MONTH])], 0);
    expect(callsOf(answer)).toEqual({ '': 720n });
    expect(store.asked.length).toBeGreaterThan(2);
    expect(store.asked.slice(1).map(({ from }) => from)).toEqual(
      store.asked.slice(0, -1).map(({ to }) => to),
    );
    expect(store.asked[0]?.to).toBe(DAY);
  });

  it('add up by group and window, also windows that overlap, and cross the parts', async () => {
    const store = hourlyStore();
    const [whole, days] = [MONTH, { from: 3 * DAY + HOUR, to: 5 * DAY - HOUR }];
    const [answer, other] = await askInParts(store, [query([whole, days], ['day']), query([days])], 0);
    expect(callsOf(answer)['day 0']).toBe(5n * 24n);
    expect(callsOf(answer)['day 6']).toBe(4n * 24n);
    expect(callsOf(answer, 1)).toMatchObject({ 'day 2': 0n, 'day 3': 23n, 'day 4': 23n });
    expect(callsOf(other)).toEqual({ '': 46n });
  });

  it('are asked by shorter parts where the answers have very many groups', async () => {
    const longest = { few: 0, many: 0 };
    const storeOf = (users: keyof typeof longest, each: number) => ({
      read: async (reads: readonly CellRead[]): Promise<ReadAnswers> => ({
        newestRow: null,
        answers: reads.map(({ edges, ranges }) => {
          longest[users] = Math.max(longest[users], (edges.at(-1) as number) - (edges[0] as number));
          return ranges.flatMap(({ from, to }) =>
            Array.from({ length: Math.round(((to - from) / HOUR) * each) }, (_, i) => ({
              segment: edges.indexOf(from),
              key: [`user ${from / HOUR} ${i}`],
              cell: { sums: { calls: ONE }, sketches: {} },
            })),
          );
        }),
      }),
    });
    const days = { from: 0, to: 4 * DAY };
    for (const [users, each] of [
      ['few', 1],
      ['many', 1_000],
    ] as const) {
      const [answer] = await askInParts(storeOf(users, each), [query([days], ['user'])], 0);
      expect((answer as Series).keys).toHaveLength(96 * each);
    }
    expect(longest.few).toBe(2 * DAY);
    expect(longest.many).toBe(DAY);
  });

  it('are asked by shorter parts where a statement takes too long', async () => {
    const store = hourlyStore(7 * HOUR);
    const [answer] = await askInParts(store, [query([{ from: HOUR / 2, to: 3 * DAY }])], 0);
    expect(callsOf(answer)).toEqual({ '': 71n });
  });

  it('skip the time between windows', async () => {
    const store = hourlyStore();
    await askInParts(
      store,
      [query([{ from: 0, to: HOUR }]), query([{ from: 400 * DAY, to: 400 * DAY + HOUR }])],
      0,
    );
    expect(store.asked).toEqual([
      { from: 0, to: HOUR },
      { from: 400 * DAY, to: 400 * DAY + HOUR },
    ]);
  });
});

describe('what cannot be read', () => {
  it('fails one query and not the others, and is not asked for again', async () => {
    const { read } = hourlyStore();
    let refusals = 0;
    const refusing = async (reads: readonly CellRead[]): Promise<ReadAnswers> => {
      const { answers } = await read(reads);
      return {
        newestRow: null,
        answers: answers.map((one, i) => {
          if (reads[i]?.groupBy.length === 0) return one;
          refusals += 1;
          return new AppError('store_query_failed', 'no such column');
        }),
      };
    };
    const [refused, answer] = await askInParts(
      { read: refusing },
      [query([MONTH], ['x']), query([MONTH])],
      0,
    );
    expect(refused).toMatchObject({ code: 'store_query_failed' });
    expect(refusals).toBe(1);
    expect(callsOf(answer)).toEqual({ '': 720n });
  });

  it('is everything where the store is away, and it is asked once', async () => {
    let times = 0;
    const read = () => {
      times += 1;
      return Promise.reject(new AppError('store_unreachable', 'nobody answers'));
    };
    const answers = await askInParts({ read }, [query([MONTH]), query([MONTH], ['x'])], 0);
    expect(answers).toMatchObject([{ code: 'store_unreachable' }, { code: 'store_unreachable' }]);
    expect(times).toBe(1);
  });

  it('is what takes too long even for an hour, and what is not read in the time given', async () => {
    const [answer] = await askInParts(hourlyStore(HOUR / 2), [query([MONTH])], 0);
    expect(answer).toMatchObject({ code: 'store_timeout' });
    const store = hourlyStore();
    const [late] = await askInParts(store, [query([MONTH])], 0, { withinMs: -1 });
    expect(late).toMatchObject({ code: 'store_timeout' });
    expect(store.asked).toEqual([]);
  });
});

it('asks nothing that kept sums know', async () => {
  const store = hourlyStore();
  const kept = seriesOfCells([{ key: [], cells: [{ sums: { calls: ONE }, sketches: {} }] }]);
  const known = (queries: readonly Query[], before: number) =>
    queries.map(({ groupBy }) => (groupBy.length === 0 && before === 77 ? kept : null));
  const queries = [query([{ from: 0, to: DAY }]), query([{ from: 0, to: DAY }], ['day'])];
  const [answer, other] = await askInParts({ ...store, known }, queries, 77);
  expect(answer).toBe(kept);
  expect(callsOf(other)).toEqual({ 'day 0': 24n });
  expect(store.asked).toHaveLength(1);
});
