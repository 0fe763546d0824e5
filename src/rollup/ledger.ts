import { cubeName } from '../model/cube.ts';
import type { Query, Series } from '../model/series.ts';
import type { RollupHours } from '../state/rollup-hours.ts';
import type { AuditSnapshot, AuditStore } from '../stores/audit-store.ts';
import { answerFrom, type QueryViews } from './answer.ts';
import { cellsFromText, cellText } from './cell-text.ts';
import { type CubeCells, type CubeView, openCubeCells, sealHour, setHour, viewOf } from './cube-cells.ts';
import { type CubePlan, planCubes, ROOT } from './cube-plan.ts';
import { ascending, HOUR, hourOf, hoursBetween, MINUTE } from './grid.ts';
import { followIds, type IdWatch, UNWATCHED, type WatchedGap } from './id-watch.ts';
import { edgeNeeds, missingHours, oldestNeeded } from './needs.ts';
import { fixedOf, type PackedCells } from './packed-cells.ts';
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
 * same rows; rows that were changed or deleted in place are seen by `reconcile`. Every method throws the store's
 * AppError; no two calls may be under way at the same time.
 */
export interface Rollup {
  /** Reads what is new up to `at` and answers what the cells cover. */
  look(queries: readonly Query[], at: number): Promise<RolledUp>;
  /** Reads hours that the latest queries miss, the newest first, until all are there or `budgetMs` is over. */
  build(budgetMs: number): Promise<BuildProgress>;
  /** Compares sealed hours within [from, to) with the store and reads again those that differ; returns how many. */
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
/** Progress is kept at least this often; what it lacks is found again by the insert order. */
const KEEP_EVERY_MS = 5 * MINUTE;
const PRUNE_EVERY_MS = 24 * HOUR;
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
  let keptAt = Number.NEGATIVE_INFINITY;
  let prunedAt = Number.NEGATIVE_INFINITY;
  let openedAt: number | null = null;
  /** Hours that changed and are not kept yet. */
  const changed = new Map<string, { readonly own: CubeCells; readonly hour: number }>();

  const seal = (own: CubeCells, hour: number): void => {
    sealHour(own, hour);
    noteChange(own, hour);
  };
  const noteChange = (own: CubeCells, hour: number): void => {
    changed.set(`${cubeName(own.cube)}/${hour}`, { own, hour });
  };

  const restore = async (): Promise<void> => {
    const stored = await kept?.progress();
    if (stored === null || stored === undefined) return;
    sealedTo = stored.sealedTo;
    watch = { newestId: stored.newestId, gaps: JSON.parse(stored.gaps) as WatchedGap[] };
  };

  /** Keys of groups that went away stay in the dictionaries; once a day all is read back from what is kept. */
  const forgetKeys = (at: number): void => {
    openedAt ??= at;
    if (kept === null || changed.size > 0 || Math.abs(at - openedAt) < REOPEN_EVERY_MS) return;
    cubes.clear();
    openedAt = at;
  };

  /** Opens the cubes that the queries need and forgets the others; one that needs more measures begins anew. */
  const useCubes = async (): Promise<void> => {
    const gone = [...cubes.keys()].filter((name) => !plan.cubes.has(name));
    for (const name of gone) cubes.delete(name);
    const lacking = [...plan.cubes].filter(([name, cube]) => {
      const known = cubes.get(name);
      return known === undefined || !cube.measures.every((one) => known.cube.measures.includes(one));
    });
    if (gone.length + lacking.length === 0) return;
    views.clear();
    rereadsOpen = true;
    // What is kept of a cube that is not followed any more would grow wrong, so it goes.
    await kept?.prune([...plan.cubes.keys()], null);
    for (const [name, cube] of lacking) {
      const own = openCubeCells(cube);
      cubes.set(name, own);
      await kept?.load(name, (hours) => {
        for (const { hour, cells } of hours) {
          const packed = cellsFromText(cells, own.dictionary, cube.measures);
          if (packed !== null) setHour(own, hour, packed);
        }
      });
    }
  };

  /** One state of the store: the young rows, the hours that late rows fell into, and what the edges need. */
  const lookInto = async (snapshot: AuditSnapshot, at: number) => {
    const newestRow = await snapshot.newestRow(at);
    const owners = [...cubes.values()];
    const sealable = hourOf(at - latenessMs);
    if (sealedTo === null || at - sealedTo > LONG_ABSENCE_MS) {
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

  /** Keeps what changed. Where another process has seen more, nothing is kept: its word is the newer one. */
  const keep = async (seenAt: number): Promise<void> => {
    if (kept === null || sealedTo === null) return;
    if (changed.size === 0 && Math.abs(seenAt - keptAt) < KEEP_EVERY_MS) return;
    const hours = [...changed.values()].flatMap(({ own, hour }) => {
      const cells = own.hours.get(hour);
      if (cells === undefined) return [];
      return [{ cube: cubeName(own.cube), hour, cells: cellText(cells, own.dictionary, own.cube.measures) }];
    });
    const { newestId, gaps } = watch;
    await kept.keep(hours, { sealedTo, newestId, gaps: JSON.stringify(gaps), seenAt });
    changed.clear();
    keptAt = seenAt;
    if (Math.abs(seenAt - prunedAt) < PRUNE_EVERY_MS) return;
    prunedAt = seenAt;
    await kept.prune([...cubes.keys()], Math.min(...oldestNeeded(queries, plan, cubes).values()));
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

  /** What edges need of hours that no window holds whole is not compared: it is read again. */
  const forgetUncompared = (from: number, to: number, root: CubeCells): void => {
    rereadsOpen = true;
    for (const own of cubes.values()) {
      for (const hour of own.details.keys()) {
        if (hour >= hourOf(from) && hour < to && !root.hours.has(hour)) own.details.delete(hour);
      }
    }
  };

  return {
    async look(asked, at) {
      if (sealedTo === null) await restore();
      queries = asked;
      plan = planCubes(asked);
      forgetKeys(at);
      await useCubes();
      // Before what is sealed nothing is known by the minute: a clock that went far back asks the store itself.
      if (sealedTo !== null && at <= sealedTo) {
        const newestRow = await store.snapshot((snapshot) => snapshot.newestRow(at));
        return { newestRow, rowsRead: 0, series: asked.map(() => null) };
      }
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
        for (const own of owners) for (const hour of chunk) noteChange(own, hour);
        done += chunk.length;
        await keep(readTo ?? newest);
      }
    },

    async reconcile(from, to) {
      const root = cubes.get(ROOT);
      if (root === undefined || sealedTo === null) return 0;
      forgetUncompared(from, to, root);
      const hours = hoursBetween(hourOf(from), Math.min(to, sealedTo)).filter((hour) => root.hours.has(hour));
      if (hours.length === 0) return 0;
      const fresh = openCubeCells(root.cube);
      const differing = await store.snapshot(async (snapshot) => {
        await readHours(snapshot, [fresh], hours);
        const found = hours.filter((hour) => !isSame(fresh.hours.get(hour), root.hours.get(hour)));
        const wanted = [...cubes.values()].map(
          (own) => [own, new Set(found.filter((hour) => own.hours.has(hour)))] as const,
        );
        await readHoursByMinute(snapshot, new Map(wanted), Number.POSITIVE_INFINITY);
        for (const [own, again] of wanted) for (const hour of again) seal(own, hour);
        return found.length;
      });
      if (differing > 0) await keep(readTo ?? to);
      return differing;
    },

    oldestHour() {
      const hours = cubes.get(ROOT)?.hours;
      return hours === undefined || hours.size === 0 ? null : Math.min(...hours.keys());
    },
  };
}

/** Whether an hour of the cube without dimensions, which has one cell or none, has the same sums. */
function isSame(a: PackedCells | undefined, b: PackedCells | undefined): boolean {
  if (a === undefined || b === undefined || a.keys.length !== b.keys.length) return false;
  const sum = ({ units, parts }: PackedCells, i: number) => fixedOf(units[i] as number, parts[i] as number);
  return a.units.every((_, i) => sum(a, i) === sum(b, i));
}
