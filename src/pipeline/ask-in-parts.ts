// Answers queries about long windows by parts of their time, one after another.

import { AppError } from '../model/errors.ts';
import { mergedCell } from '../model/merged-cell.ts';
import { type Cell, type GroupKey, type Query, type Series, seriesOfCells } from '../model/series.ts';
import { hullOf, type Window } from '../model/window.ts';
import { type Askable, ask, knownOf } from './ask.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** After a part that took less than this, the next one is twice as long. */
const SHORT_MS = 1_000;
const LONGEST_MS = 16 * DAY;
/** After an answer with more groups, the next part is half as long: an answer takes about 1 kB a group while it is read. */
const MANY_GROUPS = 20_000;

/** How long may be asked, ms. */
export interface AskingTime {
  readonly withinMs?: number;
}

/**
 * One answer a query, in the order asked; an error for each that could not be read. Never rejects. Queries whose windows are
 * long are asked by parts that one statement answers in time: of each part all queries together, so that they see the same
 * rows. What kept sums know as of `before` is not asked. For queries without `hours`.
 */
export async function askInParts(
  source: Askable,
  queries: readonly Query[],
  before: number,
  time: AskingTime = {},
): Promise<(Series | AppError)[]> {
  const sums = queries.map(openSums);
  const take: TakePart = (answer, place, windows) => (sums[place] as Sums).add(answer, windows);
  const known = await readInParts(source, queries, before, take, time);
  return known.map((answer, place) => answer ?? (sums[place] as Sums).series());
}

/** Takes the answer to a part of the query at a place; `windows` are those of the query to which the answer's windows belong. */
export type TakePart = (answer: Series, place: number, windows: readonly number[]) => void;

/**
 * As `askInParts`, for answers that are too large to be kept together: hands each part to `take`. Of each query it returns what
 * kept sums know, or why it could not be read; null where all of its parts were handed over.
 */
export async function readInParts(
  source: Askable,
  queries: readonly Query[],
  before: number,
  take: TakePart,
  { withinMs = Number.POSITIVE_INFINITY }: AskingTime = {},
): Promise<(Series | AppError | null)[]> {
  const begun = performance.now();
  const known = knownOf(source, queries, before);
  const asking = queries.map((query, place) => ({ query, place }));
  const failed = new Map<number, AppError>();
  const isOpen = ({ place }: { place: number }): boolean => known[place] === null && !failed.has(place);
  let length = DAY;
  for (let from = firstAfter(asking.filter(isOpen), Number.NEGATIVE_INFINITY); from !== null; ) {
    // Minutes stay whole, for measures that compare the calls of a minute.
    const to = Math.floor((from + length) / HOUR) * HOUR;
    const parts = asking.filter(isOpen).flatMap((one) => partsWithin(one, { from: from as number, to }));
    const started = performance.now();
    const late = started - begun > withinMs;
    const answers = late
      ? parts.map(() => TOO_LATE)
      : await ask(
          { read: (reads, at) => source.read(reads, at) },
          parts.map(({ query }) => query),
          before,
        );
    const isTooLong = answers.some((one) => one instanceof AppError && one.code === 'store_timeout');
    if (isTooLong && !late && length > HOUR) {
      length = Math.max(HOUR, Math.floor(length / 4));
      continue;
    }
    for (const [i, answer] of answers.entries()) {
      const { place, windows } = parts[i] as Part;
      if (answer instanceof AppError) failed.set(place, answer);
      else take(answer, place, windows);
      if (!(answer instanceof AppError) || answer.code !== 'store_unreachable') continue;
      for (const one of asking.filter(isOpen)) failed.set(one.place, answer);
    }
    if (answers.some((one) => !(one instanceof AppError) && one.keys.length > MANY_GROUPS)) {
      length = Math.max(HOUR, length / 2);
    } else if (performance.now() - started < SHORT_MS) length = Math.min(LONGEST_MS, length * 2);
    from = firstAfter(asking.filter(isOpen), to);
  }
  return asking.map(({ place }) => known[place] ?? failed.get(place) ?? null);
}

const TOO_LATE = new AppError('store_timeout', 'the audit store did not answer in time');

interface Asked {
  readonly query: Query;
  readonly place: number;
}

/** What a query asks of a part of its time, and to which of its windows the answer belongs. */
interface Part extends Asked {
  readonly windows: readonly number[];
}

/** The first instant from `at` on that a window of the queries holds; null for none. */
function firstAfter(asking: readonly Asked[], at: number): number | null {
  const begins = asking.flatMap(({ query }) =>
    query.windows.flatMap(({ from, to }) => (Math.max(from, at) < to ? [Math.max(from, at)] : [])),
  );
  return begins.length === 0 ? null : hullOf(begins.map((from) => ({ from, to: from }))).from;
}

function partsWithin({ query, place }: Asked, span: Window): Part[] {
  const within = query.windows.flatMap((window, number) => {
    const part = { from: Math.max(window.from, span.from), to: Math.min(window.to, span.to) };
    return part.from < part.to ? [{ part, number }] : [];
  });
  if (within.length === 0) return [];
  return [
    {
      query: { ...query, windows: within.map(({ part }) => part) },
      place,
      windows: within.map(({ number }) => number),
    },
  ];
}

/** The sums of a query's groups, by window. */
interface Sums {
  /** `windows` are those of the query to which the windows of the answer belong. */
  add(answer: Series, windows: readonly number[]): void;
  series(): Series;
}

function openSums({ windows: { length } }: Query): Sums {
  const groups = new Map<string, { readonly key: GroupKey; readonly cells: (Cell | null)[] }>();
  return {
    add(answer, windows) {
      for (const [group, key] of answer.keys.entries()) {
        const name = JSON.stringify(key);
        const own = groups.get(name) ?? { key, cells: new Array<Cell | null>(length).fill(null) };
        groups.set(name, own);
        for (const [i, window] of windows.entries()) {
          const cell = answer.cell(group, i);
          if (cell === null) continue;
          const before = own.cells[window] ?? null;
          own.cells[window] = before === null ? cell : mergedCell([before, cell]);
        }
      }
    },
    series: () => seriesOfCells([...groups.values()]),
  };
}
