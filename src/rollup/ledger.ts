import type { Query, Series } from '../model/series.ts';
import type { RollupHours } from '../state/rollup-hours.ts';
import type { AuditSnapshot, AuditStore } from '../stores/audit-store.ts';
import { answerFrom, type QueryViews } from './answer.ts';
import { type CubeCells, openCubeCells, sealHour, setHour } from './cube-cells.ts';
import { type CubePlan, planCubes, ROOT } from './cube-plan.ts';
import { type CubeView, viewOf } from './cube-view.ts';
import { ascending, HOUR, hourOf, hoursBetween, MINUTE } from './grid.ts';
import { followIds, type IdWatch, UNWATCHED } from './id-watch.ts';
import { openKeptCells } from './kept-cells.ts';
import { edgeNeeds, missingHours, oldestNeeded } from './needs.ts';
import { fixedOf, type PackedCells, width } from './packed-cells.ts';
import { readHours, readHoursByMinute, readMinutes, readPieces } from './read-cells.ts';

/** What a look at the store brought: answers from cells, null where hours are still missing. */
export interface RolledUp {
  readonly newestRow: number | null;
  readonly rowsRead: number;
  readonly series: readonly (Series | null)[];
}

/** How far the first build has come, in hours of cells. */
export interface BuildProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * Keeps hourly cells, so that a poll reads what is new and not what is old. Answers equal those of the store over the
 * same rows; rows that were changed, moved to another group or deleted are seen by `reconcile`. Every method throws the store's
 * AppError; no two calls may be under way at the same time.
 */
export interface Rollup {
  /** Reads what is new up to `at` and answers what the cells cover. */
  look(queries: readonly Query[], at: number): Promise<RolledUp>;
  /** Reads hours that the latest queries miss, the newest first, until all are there or `budgetMs` is over. */
  build(budgetMs: number): Promise<BuildProgress>;
  /** Reads sealed hours within [from, to) anew and takes over those that differ; returns how many did. */
  reconcile(from: number, to: number): Promise<number>;
  /** The beginning of the oldest hour that is kept, ms; null for none. */
  oldestHour(): number | null;
}

export interface RollupOptions {
  /** Rows whose time is younger than this are read again at every look. */
  readonly latenessMs: number;
  /** Where sealed hours outlive the process; null keeps them in memory alone. */
  readonly kept: RollupHours | null;
}

/** After an absence of this long, the hours between are built like old ones instead of being read by the minute. */
const LONG_ABSENCE_MS = 6 * HOUR;
/** Hours of one statement of the first build: a day, so that no transaction is long. */
const CHUNK_HOURS = 24;
const REOPEN_EVERY_MS = 24 * HOUR;

export function openRollup(store: AuditStore, { latenessMs, kept }: RollupOptions): Rollup {
  const cubes = new Map<string, CubeCells>();
  const views = new Map<string, CubeView>();
  let queries: readonly Query[] = [];
  let plan: CubePlan = { cubes: new Map(), uses: [] };
  /** Hours before it are whole; null before the first look. */
  let sealedTo: number | null = null;
  let watch: IdWatch = UNWATCHED;
  /** The end of what was read last. */
  let readTo: number | null = null;
  /** Whether the next look reads all hours that are not sealed: a cube was opened, or a reconcile is due there too. */
  let rereadsOpen = true;
  let openedAt: number | null = null;
  const keeping = openKeptCells(kept);

  const seal = (own: CubeCells, hour: number): void => {
    sealHour(own, hour);
    keeping.note(own, hour);
  };

  const restore = async (): Promise<void> => {
    const seen = await keeping.restore();
    if (seen !== null) ({ sealedTo, watch } = seen);
  };

  /** Keys of groups that went away stay in the dictionaries; once a day all is read back from what is kept. */
  const forgetKeys = (at: number): void => {
    openedAt ??= at;
    if (!keeping.isUpToDate() || Math.abs(at - openedAt) < REOPEN_EVERY_MS) return;
    cubes.clear();
    // Hours and progress belong together: another process may have kept both.
    sealedTo = null;
    watch = UNWATCHED;
    openedAt = at;
  };

  /** Opens the cubes that the queries need and forgets the others; one that needs more measures begins anew. */
  const useCubes = async (): Promise<void> => {
    const gone = [...cubes.keys()].filter((name) => !plan.cubes.has(name));
    const lacking = [...plan.cubes].filter(([name, cube]) => {
      const known = cubes.get(name);
      return known === undefined || !cube.measures.every((one) => known.cube.measures.includes(one));
    });
    if (gone.length + lacking.length === 0) return;
    views.clear();
    rereadsOpen = true;
    // What is kept of a cube that is not followed any more would grow wrong, so it goes.
    await keeping.retain([...plan.cubes.keys()]);
    for (const name of gone) cubes.delete(name);
    for (const [name, cube] of lacking) {
      const own = openCubeCells(cube);
      cubes.set(name, own);
      await keeping.load(own);
    }
  };

  /**
   * Hours that are not old enough at `at` are open again: the clock went back, or they were sealed by a clock that was
   * ahead or with a shorter lateness, and rows are still to come.
   */
  const unseal = (at: number): void => {
    const sealable = hourOf(at - latenessMs);
    if (sealedTo === null) return;
    if (sealedTo > sealable) {
      sealedTo = sealable;
      rereadsOpen = true;
    }
    for (const own of cubes.values()) {
      for (const hour of own.hours.keys()) {
        if (hour < sealedTo) continue;
        own.hours.delete(hour);
        own.version += 1;
        keeping.note(own, hour);
      }
    }
  };

  /** One state of the store: the young rows, the hours that late rows fell into, and what the edges need. */
  const lookInto = async (snapshot: AuditSnapshot, at: number) => {
    const newestRow = await snapshot.newestRow(at);
    const owners = [...cubes.values()];
    const sealable = hourOf(at - latenessMs);
    if (sealedTo === null || sealable - sealedTo > LONG_ABSENCE_MS) {
      sealedTo = sealable;
      for (const own of owners) own.details.clear();
    }
    const sealed = sealedTo;
    const reread = Math.floor((Math.min(at, readTo ?? at) - latenessMs) / MINUTE) * MINUTE;
    const youngFrom = rereadsOpen ? sealed : Math.max(sealed, reread);
    for (const own of owners) {
      own.looks += 1;
      own.pieces.clear();
      // After the clock went back, what lies ahead is read again when it comes.
      for (const hour of own.details.keys()) if (hour > at) own.details.delete(hour);
    }
    let rowsRead = await readMinutes(snapshot, owners, youngFrom, at);
    const arrived = await followIds(snapshot, watch, youngFrom, at);

    const needs = edgeNeeds(queries, plan, cubes, at);
    const wanted = new Map<CubeCells, Set<number>>();
    const touched: { own: CubeCells; hour: number }[] = [];
    for (const own of owners) {
      const late = arrived.hours.filter((hour) => hour < youngFrom);
      const again = late.filter((hour) => hour >= sealed || own.hours.has(hour) || own.details.has(hour));
      touched.push(...again.filter((hour) => own.hours.has(hour)).map((hour) => ({ own, hour })));
      // What is kept of an hour that is not used now would lack the row when it is used again.
      for (const hour of late) if (hour < sealed && !own.hours.has(hour)) keeping.note(own, hour);
      const edges = [...(needs.hours.get(own) ?? [])].filter(
        (hour) => hour < sealed && !own.details.has(hour),
      );
      wanted.set(own, new Set([...again, ...edges]));
    }
    rowsRead += await readHoursByMinute(snapshot, wanted, at);
    rowsRead += await readPieces(snapshot, needs.pieces);
    for (const { own, hour } of touched) seal(own, hour);
    for (const own of owners) {
      for (const hour of hoursBetween(sealed, sealable)) seal(own, hour);
      for (const hour of own.details.keys()) {
        if (hour < sealable && needs.hours.get(own)?.has(hour) !== true) own.details.delete(hour);
      }
    }
    // Only now: a look that failed half-way is made again from where the last whole one ended.
    watch = arrived.watch;
    rereadsOpen = false;
    if (sealable > sealed) forgetOld();
    sealedTo = Math.max(sealed, sealable);
    readTo = at;
    return { newestRow, rowsRead };
  };

  const forgetOld = (): void => {
    for (const [own, oldest] of oldestNeeded(queries, plan, cubes)) {
      for (const hour of own.hours.keys()) if (hour < oldest) own.hours.delete(hour);
    }
  };

  const keep = async (at: number): Promise<void> => {
    if (sealedTo === null) return;
    await keeping.keep({ sealedTo, watch }, at);
    const oldest = (): number => Math.min(...oldestNeeded(queries, plan, cubes).values());
    await keeping.prune([...cubes.keys()], oldest, at);
  };

  const viewFor = (name: string, { groupBy, where }: Query): CubeView => {
    const filter = Object.entries(where).sort(([a], [b]) => (a < b ? -1 : 1));
    const id = JSON.stringify([name, groupBy, filter]);
    const known = views.get(id);
    if (known !== undefined) return known;
    const view = viewOf(cubes.get(name) as CubeCells, groupBy, where);
    views.set(id, view);
    return view;
  };

  const viewsOf = (query: Query, i: number): QueryViews => {
    const use = plan.uses[i] as CubePlan['uses'][number];
    const sketches = use.sketches.map(({ measure, cube }) => ({ measure, view: viewFor(cube, query) }));
    return { sums: viewFor(use.sums, query), sketches };
  };

  /** What edges need by the minute is not compared, as a row can move within its hour: it is read again. */
  const forgetDetails = (from: number, to: number): void => {
    rereadsOpen = true;
    for (const own of cubes.values()) {
      for (const hour of own.details.keys()) if (hour >= hourOf(from) && hour < to) own.details.delete(hour);
    }
  };

  return {
    async look(asked, at) {
      forgetKeys(at);
      if (sealedTo === null) await restore();
      queries = asked;
      plan = planCubes(asked);
      await useCubes();
      unseal(at);
      const seen = await store.snapshot((snapshot) => lookInto(snapshot, at));
      await keep(at);
      return { ...seen, series: asked.map((query, i) => answerFrom(query, viewsOf(query, i), at)) };
    },

    async build(budgetMs) {
      const begun = performance.now();
      for (let done = 0; ; ) {
        const missing = missingHours(queries, plan, cubes, sealedTo ?? 0);
        const hours = ascending(new Set([...missing.values()].flatMap((own) => [...own])));
        const newest = hours.at(-1);
        if (newest === undefined || performance.now() - begun >= budgetMs)
          return { done, total: done + hours.length };
        const chunk = hours.filter((hour) => hour > newest - CHUNK_HOURS * HOUR);
        const owners = [...missing]
          .filter(([, own]) => chunk.some((hour) => own.has(hour)))
          .map(([own]) => own);
        await store.snapshot((snapshot) => readHours(snapshot, owners, chunk));
        for (const own of owners) for (const hour of chunk) keeping.note(own, hour);
        done += chunk.length;
        await keep(readTo ?? newest);
      }
    },

    async reconcile(from, to) {
      if (sealedTo === null) return 0;
      forgetDetails(from, to);
      const owners = [...cubes.values()];
      const hours = hoursBetween(hourOf(from), Math.min(to, sealedTo)).filter((hour) =>
        owners.some((own) => own.hours.has(hour)),
      );
      if (hours.length === 0) return 0;
      // All cubes are compared: a row that went from one group to another leaves the sums of all rows as they were.
      const fresh = owners.map((own) => ({ ...openCubeCells(own.cube), dictionary: own.dictionary }));
      await store.snapshot((snapshot) => readHours(snapshot, fresh, hours));
      const differing = new Set<number>();
      for (const [i, own] of owners.entries()) {
        for (const hour of hours) {
          const before = own.hours.get(hour);
          const now = (fresh[i] as CubeCells).hours.get(hour) as PackedCells;
          if (before === undefined || isSame(before, now, width(own.cube))) continue;
          setHour(own, hour, now);
          differing.add(hour);
        }
      }
      for (const own of owners) for (const hour of differing) keeping.note(own, hour);
      if (differing.size > 0) await keep(readTo ?? to);
      return differing.size;
    },

    oldestHour() {
      const hours = cubes.get(ROOT)?.hours;
      return hours === undefined || hours.size === 0 ? null : Math.min(...hours.keys());
    },
  };
}

/** Whether two hours of a cube have the same sums in the same groups. */
function isSame(a: PackedCells, b: PackedCells, measures: number): boolean {
  if (a.keys.length !== b.keys.length) return false;
  const places = new Map<number, number>();
  for (const [place, key] of a.keys.entries()) places.set(key, place);
  return b.keys.every((key, i) => {
    const place = places.get(key);
    if (place === undefined) return false;
    for (let m = 0; m < measures; m += 1) {
      if (sumAt(a, place * measures + m) !== sumAt(b, i * measures + m)) return false;
    }
    return true;
  });
}

function sumAt({ units, parts }: PackedCells, at: number): bigint {
  return fixedOf(units[at] as number, parts[at] as number);
}
