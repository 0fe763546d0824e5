// Cells by the hour and day: reads what is new, builds what is missing, compares with the store.

import { cubeName } from '../../model/cube.ts';
import { largestOf } from '../../model/extremes.ts';
import type { Query, Series } from '../../model/series.ts';
import type { RollupCells } from '../../state/rollup-cells.ts';
import type { AuditSnapshot, AuditStore } from '../../stores/audit-store.ts';
import { DAY, dayOf, HOUR, hourOf, hoursBetween, LENGTHS, type Length, MINUTE } from '../series/grid.ts';
import { type Answers, knownFrom, openAnswers } from './answers.ts';
import { ripen } from './compact.ts';
import { type CubeCells, dropWhole, openCubeCells, sealHour, wholesOf } from './cube-cells.ts';
import { type CubePlan, planCubes } from './cube-plan.ts';
import { followIds, type IdWatch, UNWATCHED } from './id-watch.ts';
import { cellsToRead } from './late-cells.ts';
import {
  type EdgeNeeds,
  edgeNeeds,
  lacksNeeded,
  type MissingCells,
  missingCells,
  type WholeNeeds,
  wholeNeeds,
} from './needs.ts';
import { readYoung, type SeenMinutes, UNSEEN } from './open-window.ts';
import { openKeptCells } from './persist.ts';
import { comingWindows, readEdges } from './prefetch-edges.ts';
import { partsLeft, readPartsAhead } from './prefetch-partials.ts';
import { readHoursByMinute, readParts, readPieces, readWhole } from './read-cells.ts';
import { takeOverChanges } from './reconcile.ts';

/** What a look at the store brought: answers from cells, null where hours are still missing. */
export interface RolledUp {
  readonly newestRow: number | null;
  readonly rowsRead: number;
  readonly series: readonly (Series | null)[];
  /** Whether the insert ids start again below those that were seen: then everything kept is dropped and read anew. */
  readonly begunAnew: boolean;
}

/** How far the first build has come, in hours of the past. */
export interface BuildProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * Keeps cells by the hour and by the day, so that a poll reads what is new and not what is old. Answers equal those of the store over the
 * same rows; rows that were changed, moved to another group or deleted are seen by `reconcile`. Every method throws the store's
 * AppError; no two calls may be under way at the same time.
 */
export interface Rollup {
  /** Reads what is new up to `at` and answers what the cells cover. `now` is later where the past is made up for. */
  look(queries: readonly Query[], at: number, now?: number): Promise<RolledUp>;
  /** Answers further queries as of `at`, the end of the latest look, from its cells; null where it cannot. Reads nothing. */
  known(queries: readonly Query[], at: number): (Series | null)[];
  /** The end of the latest look that succeeded, ms; null before the first. */
  lookedTo(): number | null;
  /**
   * Reads cells that the latest queries miss, or will miss soon, the newest first, until all are there or `budgetMs` is
   * over.
   */
  build(budgetMs: number): Promise<BuildProgress>;
  /**
   * Reads sealed hours and days that begin within [from, to) anew and takes over those that differ; returns how many did. What was
   * known of these hours by the minute is forgotten, and what the next look needs of it is read again.
   */
  reconcile(from: number, to: number): Promise<number>;
  /** The beginning of the oldest cell that is kept, ms; null for none. */
  oldest(): number | null;
}

export interface RollupOptions {
  /** Rows whose time is younger than this are read again at every look. */
  readonly latenessMs: number;
  /** Where sealed cells outlive the process; null keeps them in memory alone. */
  readonly kept: RollupCells | null;
}

/** After an absence of this long, the hours between are built like old ones instead of being read by the minute. */
const LONG_ABSENCE_MS = 6 * HOUR;
/** A chunk of the first build that took less than this is followed by one of twice as many days, up to the longest. */
const SHORT_CHUNK_MS = 500;
const MAX_CHUNK_MS = 8 * DAY;
const REOPEN_EVERY_MS = DAY;
/**
 * A deleted newest row looks like ids that start again. A store that deletes it often must not be read in full each time: the
 * comparison finds what else is gone.
 */
const BEGIN_ANEW_EVERY_MS = DAY;
/** As many as edges of windows come to in an hour. */
const FEW_HOURS = 500;

export function openRollup(store: AuditStore, { latenessMs, kept }: RollupOptions): Rollup {
  const cubes = new Map<string, CubeCells>();
  let answers: Answers = openAnswers(cubes);
  let queries: readonly Query[] = [];
  /** Of the look before the last. */
  let before: readonly Query[] = [];
  let plan: CubePlan = { cubes: new Map(), uses: [] };
  /** Of the latest queries; worked out when it is first asked for. */
  let latestNeeds: ReadonlyMap<CubeCells, WholeNeeds> | null = null;
  /** Hours before it are whole; null before the first look. */
  let sealedTo: number | null = null;
  let watch: IdWatch = UNWATCHED;
  /** The end of what was read last. */
  let readTo: number | null = null;
  /** The instant of the latest look, and how long after the one before it was; also of one that failed. */
  let askedAt = 0;
  let stepMs = 0;
  /** Whether the next look reads all hours that are not sealed: a cube was opened, or a reconcile is due there too. */
  let rereadsOpen = true;
  /** The minutes of the last look, which need not be read again where they are as they were. */
  let seenMinutes: SeenMinutes = UNSEEN;
  /** Up to where cells were put into the length in which they are needed; null when cells came since. */
  let ripenedTo: number | null = null;
  /** What was needed and what was there when nothing was missing. */
  let completeAs = '';
  let openedAt: number | null = null;
  /** Whether the next look begins with what is kept: nobody keeps it, and this process did not do so last. */
  let startsOver = false;
  const keeping = openKeptCells(kept);

  const needs = (): ReadonlyMap<CubeCells, WholeNeeds> => {
    // A schedule with longer steps meets the edges of its next poll unprepared; a day ahead is all that can be kept up.
    const aheadMs = Math.min(DAY, Math.max(HOUR, stepMs));
    latestNeeds ??= wholeNeeds(queries, plan, cubes, askedAt, aheadMs);
    return latestNeeds;
  };

  const state = (): string =>
    [
      sealedTo,
      ...[...needs()].map(([own, { name }]) => `${cubeName(own.cube)} ${own.version} ${name}`),
    ].join();

  const measuresOf = (length: Length) => (own: CubeCells, newest: number) =>
    needs().get(own)?.measuresOf(length, newest) ?? own.cube.measures;

  const missing = (): Missing =>
    [...needs()].map(([own, needed]) => [own, missingCells(own, needed, sealedTo ?? 0)]);

  const isKnownByMinute =
    (sealed: number) =>
    (own: CubeCells, hour: number): boolean => {
      if (hour >= sealed) return true;
      const cells = own.details.get(hour);
      if (cells === undefined) return false;
      return cells.lacks.length === 0 || !lacksNeeded(own, cells, measuresOf(HOUR)(own, hour));
    };

  const seal = (own: CubeCells, hour: number): void => {
    sealHour(own, hour);
    keeping.note(own, HOUR, hour);
  };

  /** Cells and progress belong together: what is kept need not have seen what those in memory have. */
  const restore = async (): Promise<void> => {
    cubes.clear();
    const seen = await keeping.restore();
    sealedTo = seen?.sealedTo ?? null;
    watch = seen?.watch ?? UNWATCHED;
  };

  /** Keys of groups that went away stay in the dictionaries; once a day all is read back from what is kept. */
  const forgetKeys = (at: number): void => {
    openedAt ??= at;
    if (!startsOver && (!keeping.isUpToDate() || Math.abs(at - openedAt) < REOPEN_EVERY_MS)) return;
    cubes.clear();
    openedAt = at;
    startsOver = false;
  };

  /** Opens the cubes that the queries need and forgets the others; one that needs other measures begins anew. */
  const useCubes = async (): Promise<void> => {
    const isOpen = (name: string): boolean => {
      const own = cubes.get(name)?.cube;
      const needed = plan.cubes.get(name)?.measures;
      if (own === undefined || needed === undefined) return false;
      if (!needed.every((one) => own.measures.includes(one))) return false;
      // A measure that is not asked for just now stays, unless it cannot be read any more.
      if (own.measures.length === needed.length) return true;
      return !store.isFaulty({ measures: own.measures, groupBy: own.dimensions, where: {} }, askedAt);
    };
    const names = new Set([...cubes.keys(), ...plan.cubes.keys()]);
    if ([...names].every(isOpen)) return;
    rereadsOpen = true;
    ripenedTo = null;
    completeAs = '';
    answers = openAnswers(cubes);
    if (kept !== null) await restore();
    // What is kept of a cube that is not followed any more would grow wrong, so it goes.
    await keeping.retain([...plan.cubes.keys()]);
    for (const name of cubes.keys()) if (!isOpen(name)) cubes.delete(name);
    for (const [name, cube] of plan.cubes) {
      if (cubes.has(name)) continue;
      const own = openCubeCells(cube);
      await keeping.load(own);
      cubes.set(name, own);
    }
  };

  /**
   * Hours that are not old enough at `at` are open again: the clock went back, or they were sealed by a clock that was
   * ahead or with a shorter lateness, and rows are still to come.
   */
  const unseal = (at: number): void => {
    const sealable = hourOf(at - latenessMs);
    // Whole cells beyond it come with cubes that are opened, and no other way.
    if (sealedTo === null || (sealedTo <= sealable && !rereadsOpen)) return;
    if (sealedTo > sealable) {
      sealedTo = sealable;
      rereadsOpen = true;
    }
    for (const own of cubes.values()) {
      for (const length of LENGTHS) {
        for (const begin of [...wholesOf(own, length).keys()]) {
          if (begin + length <= sealedTo) continue;
          dropWhole(own, length, begin);
          keeping.note(own, length, begin);
        }
      }
    }
  };

  let begunAnewAt = Number.NEGATIVE_INFINITY;
  /** Drops all cells, also those in the state store: the rows that they were made of are gone. */
  const beginAnew = (): void => {
    for (const own of cubes.values()) {
      for (const length of LENGTHS) {
        for (const begin of [...wholesOf(own, length).keys()]) {
          dropWhole(own, length, begin);
          keeping.note(own, length, begin);
        }
      }
      own.details.clear();
      own.pieces.clear();
    }
    answers = openAnswers(cubes);
    [sealedTo, ripenedTo, readTo] = [null, null, null];
    watch = UNWATCHED;
    seenMinutes = UNSEEN;
    rereadsOpen = true;
    completeAs = '';
  };

  /**
   * One state of the store: the young rows, the hours that late rows fell into, and what the edges need. Null when the insert
   * ids start again.
   */
  const lookInto = async (snapshot: AuditSnapshot, at: number, now: number) => {
    const owners = [...cubes.values()];
    const sealable = hourOf(at - latenessMs);
    if (sealedTo === null || sealable - sealedTo > LONG_ABSENCE_MS) {
      sealedTo = sealable;
      for (const own of owners) own.details.clear();
      rereadsOpen = true;
    }
    const sealed = sealedTo;
    const reread = Math.floor((Math.min(at, readTo ?? at) - latenessMs) / MINUTE) * MINUTE;
    const youngFrom = rereadsOpen ? sealed : Math.max(sealed, reread);
    for (const own of owners) {
      own.looks += 1;
      // After the clock went back, what lies ahead is read again when it comes.
      for (const hour of own.details.keys()) if (hour > at) own.details.delete(hour);
    }
    const known = rereadsOpen ? UNSEEN : seenMinutes;
    // A look that fails may have taken cells of a minute that is as before when the next look comes.
    seenMinutes = UNSEEN;
    // What is young is known by the minute in any case.
    let edgesNeeded: EdgeNeeds | null = null;
    const needed = (): EdgeNeeds => {
      edgesNeeded ??= edgeNeeds(queries, plan, cubes, at, isKnownByMinute(sealed));
      return edgesNeeded;
    };
    const meanwhile = (): void => {
      answers.ahead(queries, plan.uses, at, youngFrom);
      needed();
    };
    const young = await readYoung(snapshot, owners, known, youngFrom, at, watch, meanwhile);
    const newestRow = young.newestRow ?? (await snapshot.newestRow(at));
    let { rowsRead } = young;
    const arrived = await followIds(snapshot, watch, youngFrom, now);
    if (arrived.startAgain && Math.abs(now - begunAnewAt) >= BEGIN_ANEW_EVERY_MS) {
      begunAnewAt = now;
      return null;
    }

    const edges = needed();
    const late = arrived.hours.filter((hour) => hour < youngFrom);
    const again = cellsToRead(owners, late, sealed);
    rowsRead += await readHoursByMinute(snapshot, again.byMinute, at, (own, hour) =>
      // Hours that are not over are put together with what comes, which has all measures.
      hour < sealed ? measuresOf(HOUR)(own, hour) : own.cube.measures,
    );
    rowsRead += await readHoursByMinute(snapshot, edges.byMinute, at, measuresOf(HOUR));
    rowsRead += await readPieces(snapshot, edges.pieces);
    rowsRead += await readParts(snapshot, partsLeft(edges.parts, late), measuresOf(HOUR));
    for (const length of LENGTHS) {
      rowsRead += await readWhole(snapshot, length, again.whole[length], measuresOf(length));
    }
    const readsOld = late.length + edges.byMinute.size + edges.pieces.size + edges.parts.size > 0;
    for (const own of owners) {
      // What was worked out ahead did not know of it.
      if (readsOld) own.looks += 1;
      for (const hour of late) {
        if (hour >= sealed) continue;
        if (own.hours.has(hour) && again.byMinute.get(own)?.has(hour)) sealHour(own, hour);
        // Where they are not there this removes what is kept of them, which lacks the row.
        keeping.note(own, HOUR, hour);
        keeping.note(own, DAY, dayOf(hour));
      }
      for (const hour of hoursBetween(sealed, sealable)) seal(own, hour);
      for (const hour of own.details.keys()) {
        if (hour < sealable && edges.hours.get(own)?.has(hour) !== true) own.details.delete(hour);
      }
    }
    // Only now: a look that failed half-way is made again from where the last whole one ended.
    watch = arrived.watch;
    seenMinutes = young.seen;
    rereadsOpen = false;
    sealedTo = Math.max(sealed, sealable);
    readTo = at;
    if (ripenedTo !== sealedTo) ripenAll(sealedTo);
    return { newestRow, rowsRead };
  };

  /** What a first look needs of the past that is kept: nothing has read it between polls. */
  const readAhead = async (at: number): Promise<number> => {
    if (readTo !== null || sealedTo === null) return 0;
    const { parts } = edgeNeeds(queries, plan, cubes, at, isKnownByMinute(sealedTo));
    return readPartsAhead(store, parts, measuresOf(HOUR));
  };

  /** Reads the hours by the minute that the edges of the next poll fall into, until it `isOver`. */
  const readComingEdges = async (isOver: () => boolean): Promise<void> => {
    if (sealedTo === null || readTo === null) return;
    const coming = comingWindows(queries, before);
    const isKnown = isKnownByMinute(sealedTo);
    const { hours } = edgeNeeds(coming, plan, cubes, readTo, isKnown);
    await readEdges(store, hours, measuresOf(HOUR), isOver);
  };

  /** Hours that are needed as a whole, and known by the minute, are put together. */
  const sealEdges = (): void => {
    const isKnown = isKnownByMinute(sealedTo ?? 0);
    for (const [own, { hours }] of missing()) {
      for (const hour of hours) if (isKnown(own, hour)) seal(own, hour);
    }
  };

  const ripenAll = (end: number): void => {
    for (const [own, needed] of needs()) {
      ripen(own, needed, end, (length, begin) => keeping.note(own, length, begin));
    }
    ripenedTo = end;
  };

  const keep = async (): Promise<void> => {
    if (sealedTo === null || readTo === null) return;
    startsOver = !(await keeping.keep({ sealedTo, watch }, readTo));
  };

  /** What is known by the minute is not compared, as a row can move within its hour: it is read again. */
  const forgetDetails = (from: number, to: number): void => {
    if (to > (sealedTo ?? 0)) rereadsOpen = true;
    for (const own of cubes.values()) {
      for (const hour of own.details.keys()) if (hour >= hourOf(from) && hour < to) own.details.delete(hour);
    }
  };

  return {
    lookedTo: () => readTo,
    known: (asked, at) => (readTo === at ? knownFrom(cubes, asked, at) : asked.map(() => null)),

    async look(asked, at, now = at) {
      forgetKeys(at);
      stepMs = askedAt === 0 ? 0 : at - askedAt;
      askedAt = at;
      before = queries;
      // Until its cubes are open, nothing is needed of them.
      queries = [];
      plan = planCubes(asked);
      latestNeeds = null;
      await useCubes();
      queries = asked;
      latestNeeds = null;
      unseal(at);
      for (const own of cubes.values()) own.pieces.clear();
      const ahead = await readAhead(at);
      const lookOnce = () => store.snapshot((snapshot) => lookInto(snapshot, at, now));
      const followed = await lookOnce();
      if (followed === null) beginAnew();
      const seen = followed ?? (await lookOnce());
      if (seen === null) throw new RangeError('insert ids that are not watched cannot start again');
      const series = answers.to(asked, plan.uses, at);
      await keep();
      return { ...seen, rowsRead: seen.rowsRead + ahead, series, begunAnew: followed === null };
    },

    async build(budgetMs) {
      // Before ids are followed, a row that comes late to what is read now would be missed.
      if (readTo === null) return { done: 0, total: 0 };
      const begun = performance.now();
      let chunkMs = DAY;
      const isOver = (): boolean => performance.now() - begun >= budgetMs;
      const isComplete = (): boolean => state() === completeAs;
      // What is read by the minute need not be read again as a whole. For a few hours only: whole days are read faster.
      const edgesFirst = isComplete() || hoursIn(missing()).size <= FEW_HOURS;
      if (edgesFirst) {
        await readComingEdges(isOver);
        if (isComplete()) return { done: 0, total: 0 };
        sealEdges();
      }
      for (let total: number | null = null; ; ) {
        const lacking = missing();
        const left = hoursIn(lacking);
        total ??= left.size;
        const done = total - left.size;
        if (left.size === 0) {
          completeAs = state();
          if (!edgesFirst) await readComingEdges(isOver);
        }
        if (left.size === 0 || isOver()) return { done, total };
        const from = dayOf(largestOf(left)) + DAY - chunkMs;
        const chunk = (length: Length) =>
          new Map(
            lacking.map(([own, { hours, days }]) => [
              own,
              new Set([...(length === HOUR ? hours : days)].filter((begin) => begin >= from)),
            ]),
          );
        const chunkBegun = performance.now();
        await store.snapshot(async (snapshot) => {
          for (const length of LENGTHS) {
            const wanted = chunk(length);
            await readWhole(snapshot, length, wanted, measuresOf(length));
            for (const [own, begins] of wanted) for (const begin of begins) keeping.note(own, length, begin);
          }
        });
        ripenedTo = null;
        // Days together cost less than one by one, but no transaction should be long.
        if (performance.now() - chunkBegun < SHORT_CHUNK_MS) chunkMs = Math.min(MAX_CHUNK_MS, chunkMs * 2);
        else chunkMs = DAY;
        await keep();
      }
    },

    async reconcile(from, to) {
      if (sealedTo === null) return 0;
      forgetDetails(from, to);
      const span = { from: hourOf(from), to: Math.min(to, sealedTo) };
      const differing = await takeOverChanges(
        store,
        [...cubes.values()],
        span,
        (own, length, newest) => measuresOf(length)(own, newest),
        keeping.note,
      );
      if (differing > 0) await keep();
      await readComingEdges(() => false);
      return differing;
    },

    oldest() {
      const begins = [...cubes.values()].flatMap((own) => [...own.hours.keys(), ...own.days.keys()]);
      return begins.length === 0 ? null : begins.reduce((oldest, begin) => Math.min(oldest, begin));
    },
  };
}

/** What each cube lacks of what is needed. */
type Missing = readonly (readonly [CubeCells, MissingCells])[];

/** All hours of the past that some cubes miss, by their beginnings. */
function hoursIn(missing: Missing): Set<number> {
  const hours = new Set<number>();
  for (const [, cells] of missing) {
    for (const hour of cells.hours) hours.add(hour);
    for (const day of cells.days) for (const hour of hoursBetween(day, day + DAY)) hours.add(hour);
  }
  return hours;
}
