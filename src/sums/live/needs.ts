// Which minutes, hours and days some queries need (pure).

import { smallestOf } from '../../model/extremes.ts';
import { isSketch, type Measure } from '../../model/measure.ts';
import type { Query } from '../../model/series.ts';
import type { Window } from '../../model/window.ts';
import { unionOf } from '../direct/plan.ts';
import type { StoredBuckets } from '../series/buckets.ts';
import { DAY, dayOf, HOUR, hourOf, type Length } from '../series/grid.ts';
import { memberOf } from '../series/member.ts';
import { type CubeCells, wholesOf } from './cube-cells.ts';
import { type CubePlan, cubeNamesOf } from './cube-plan.ts';
import { cutAtHours, pieceName, piecesOf, wholeHours } from './window-cuts.ts';

/** What the edges of windows need beside whole hours, by cube. */
export interface EdgeNeeds {
  /** Hours that edges cut, and whether they are known by the minute. */
  readonly hours: ReadonlyMap<CubeCells, ReadonlyMap<number, boolean>>;
  /** Those among them that are to be read by the minute: so many parts of them are needed that it is less. */
  readonly byMinute: ReadonlyMap<CubeCells, ReadonlySet<number>>;
  /** Of hours that are known by the minute, what lies in minutes that an edge cuts. */
  readonly pieces: ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>;
  /** Of the others, what windows hold of them. */
  readonly parts: ReadonlyMap<CubeCells, ReadonlyMap<string, Window>>;
}

/** A poll needs one or two parts of an hour; one that makes up for missed instants, every minute of it. */
const MOST_PARTS = 4;

/** `at` is the end of what is read: a minute that it cuts is whole as far as it is known. */
export function edgeNeeds(
  queries: readonly Query[],
  { uses }: CubePlan,
  cubes: ReadonlyMap<string, CubeCells>,
  at: number,
  isKnown: (own: CubeCells, hour: number) => boolean,
): EdgeNeeds {
  const cuts = new Map<CubeCells, Cuts>();
  for (let i = 0; i < queries.length; i += 1) {
    const { windows } = queries[i] as Query;
    for (const name of cubeNamesOf(uses[i])) {
      const own = cubes.get(name) as CubeCells;
      const cut = memberOf(cuts, own, noCuts);
      for (const window of windows) {
        const { from, to } = window;
        const { headEnd, tailBegin } = cutAtHours(window);
        if (from < headEnd) cutHour(own, cut, { from, to: headEnd }, at, isKnown);
        if (tailBegin < to) cutHour(own, cut, { from: tailBegin, to }, at, isKnown);
      }
    }
  }
  const hours = new Map<CubeCells, ReadonlyMap<number, boolean>>();
  const byMinute = new Map<CubeCells, ReadonlySet<number>>();
  const pieces = new Map<CubeCells, ReadonlyMap<string, Window>>();
  const parts = new Map<CubeCells, ReadonlyMap<string, Window>>();
  for (const [own, cut] of cuts) {
    const many = [...cut.unknown].filter(([, named]) => named.size > MOST_PARTS);
    const few = [...cut.unknown].filter(([, named]) => named.size <= MOST_PARTS);
    for (const [, named] of many) for (const part of named.values()) cutMinutes(cut, part, at);
    hours.set(own, cut.hours);
    if (many.length > 0) byMinute.set(own, new Set(many.map(([hour]) => hour)));
    if (cut.pieces.size > 0) pieces.set(own, cut.pieces);
    if (few.length > 0) parts.set(own, new Map(few.flatMap(([, named]) => [...named])));
  }
  return { hours, byMinute, pieces, parts };
}

/** Where windows cut the hours of a cube. */
interface Cuts {
  /** Whether each of them is known by the minute. */
  readonly hours: Map<number, boolean>;
  readonly pieces: Map<string, Window>;
  /** By hour, what windows hold of those that are not. */
  readonly unknown: Map<number, Map<string, Window>>;
}

function noCuts(): Cuts {
  return { hours: new Map(), pieces: new Map(), unknown: new Map() };
}

function cutHour(
  own: CubeCells,
  cuts: Cuts,
  part: Window,
  at: number,
  isKnown: (own: CubeCells, hour: number) => boolean,
): void {
  const hour = hourOf(part.from);
  let known = cuts.hours.get(hour);
  if (known === undefined) {
    known = isKnown(own, hour);
    cuts.hours.set(hour, known);
  }
  if (known) cutMinutes(cuts, part, at);
  else memberOf(cuts.unknown, hour, () => new Map<string, Window>()).set(pieceName(part), part);
}

function cutMinutes({ pieces }: Cuts, part: Window, at: number): void {
  for (const piece of piecesOf(part, at)) pieces.set(pieceName(piece), piece);
}

/** What queries need of a cube beside the edges of their windows. */
export interface WholeNeeds {
  /** Needs of a cube with the same name are the same: they ask for the same cells with the same measures. */
  readonly name: string;
  /** What the windows hold of whole hours, ascending and disjoint. */
  readonly spans: readonly Window[];
  /** The beginning of the oldest hour that a window begins in, ms: what is older need not be kept. */
  readonly oldest: number;
  /** Whether a day is needed by the hour; all others are needed whole. */
  isHourly(day: number): boolean;
  /** Which measures are needed of a cell: what only short windows ask for is not read of the distant past. */
  measuresOf(length: Length, begin: number): readonly Measure[];
}

/** Hours within this are kept as hours: most late rows fall here, and the comparison goes through them each time. */
const RECENT_MS = 2 * DAY;

/**
 * By cube. What windows hold of whole hours, and will hold `aheadMs` from now, so that it is there before the first poll
 * asks for it; a day by the hour where one begins or ends within it, now or then. (Windows that do not move are taken to
 * move too.)
 */
export function wholeNeeds(
  queries: readonly Query[],
  { uses }: CubePlan,
  cubes: ReadonlyMap<string, CubeCells>,
  at: number,
  aheadMs: number,
): Map<CubeCells, WholeNeeds> {
  const asked = new Map<CubeCells, Asked>();
  for (const [i, { measures, windows }] of queries.entries()) {
    let from = Number.POSITIVE_INFINITY;
    for (const window of windows) from = Math.min(from, window.from);
    for (const name of cubeNamesOf(uses[i])) {
      const own = cubes.get(name) as CubeCells;
      const needed = memberOf(asked, own, () => ({ windows: [], reach: new Map() }));
      needed.windows.push(windows);
      const sums = own.cube.bucket === null ? measures.filter((measure) => !isSketch(measure)) : [];
      for (const measure of ['calls' as const, ...sums]) {
        needed.reach.set(measure, Math.min(from, needed.reach.get(measure) ?? from));
      }
    }
  }
  return new Map([...asked].map(([own, needed]) => [own, needsOf(own, needed, at, aheadMs)]));
}

/** What is asked of a cube: windows by query, and how far back they look for each measure. */
interface Asked {
  readonly windows: (readonly Window[])[];
  readonly reach: Map<Measure, number>;
}

function needsOf(own: CubeCells, { windows, reach }: Asked, at: number, aheadMs: number): WholeNeeds {
  // A steady poll asks for the measures alone.
  let known: WholeSpans | null = null;
  const wholes = (): WholeSpans => {
    known ??= wholeSpans(windows.flat(), aheadMs);
    return known;
  };
  return {
    get name() {
      const reaches = [...reach].map(([measure, from]) => [measure, hourOf(from)]);
      return JSON.stringify([wholes().spans, [...wholes().cutDays], dayOf(at - RECENT_MS), reaches]);
    },
    get spans() {
      return wholes().spans;
    },
    oldest: hourOf(smallestOf(reach.values())),
    isHourly: (day) => day + DAY > at - RECENT_MS || wholes().cutDays.has(day),
    measuresOf: (length, begin) =>
      own.cube.measures.filter(
        (measure) => begin + length > (reach.get(measure) ?? Number.POSITIVE_INFINITY),
      ),
  };
}

/** What windows hold of whole hours, and the days within which one begins or ends. */
interface WholeSpans {
  readonly spans: readonly Window[];
  readonly cutDays: ReadonlySet<number>;
}

function wholeSpans(windows: readonly Window[], aheadMs: number): WholeSpans {
  const cutDays = new Set<number>();
  const spans: Window[] = [];
  for (const { from, to } of windows) {
    for (const ms of [0, aheadMs]) {
      const whole = wholeHours({ from: from + ms, to: to + ms });
      if (whole.from >= whole.to) continue;
      spans.push(whole);
      for (const edge of [whole.from, whole.to]) if (edge !== dayOf(edge)) cutDays.add(dayOf(edge));
    }
  }
  return { spans: unionOf(spans), cutDays };
}

/** Whole cells that are to be read, by their beginnings. */
export interface MissingCells {
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
}

/** What a cube lacks of what is needed before `sealedTo`. */
export function missingCells(own: CubeCells, needs: WholeNeeds, sealedTo: number): MissingCells {
  const hours = new Set<number>();
  const days = new Set<number>();
  for (const span of needs.spans) {
    const end = Math.min(span.to, sealedTo);
    for (let day = dayOf(span.from); day < end; day += DAY) {
      const from = Math.max(day, span.from);
      const to = Math.min(day + DAY, end);
      const missing: number[] = [];
      const isWhole = to - from === DAY && !needs.isHourly(day);
      if (isWhole && !isMissing(own, needs, DAY, day)) continue;
      for (let hour = from; hour < to; hour += HOUR)
        if (isMissing(own, needs, HOUR, hour)) missing.push(hour);
      if (!isWhole) for (const hour of missing) hours.add(hour);
      // A day whose hours are all there is made of them when it is ripe.
      else if (missing.length > 0) days.add(day);
    }
  }
  return { hours, days };
}

/** Whether a whole cell is not there, or without a measure that is needed of it. */
export function isMissing(own: CubeCells, needs: WholeNeeds, length: Length, begin: number): boolean {
  const cells = wholesOf(own, length).get(begin);
  if (cells === undefined) return true;
  return cells.lacks.length > 0 && lacksNeeded(own, cells, needs.measuresOf(length, begin));
}

/** Whether cells of a cube are without one of some measures. */
export function lacksNeeded(own: CubeCells, { lacks }: StoredBuckets, needed: readonly Measure[]): boolean {
  return needed.some((measure) => lacks.includes(own.cube.measures.indexOf(measure)));
}
