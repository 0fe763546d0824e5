// Compares closed buckets with the store, and takes over those that differ.

import type { Measure } from '../../model/measure.ts';
import { ONE } from '../../model/money.ts';
import type { Window } from '../../model/window.ts';
import type { AuditStore } from '../../stores/audit-store.ts';
import { hourOf, LENGTHS, type Length } from '../series/grid.ts';
import { type PackedCells, width } from '../series/packed-cells.ts';
import { prefetchEdges } from './backfill.ts';
import { type CubeCells, openCubeCells, setWhole, wholesOf } from './cube-cells.ts';
import { readWhole } from './read-cells.ts';
import { persist } from './refresh.ts';
import { type LiveState, measuresFor } from './state.ts';

/** Compares closed buckets that begin within [from, to) with the store, and takes over those that differ; returns how many did. */
export async function reconcile(state: LiveState, from: number, to: number): Promise<number> {
  const { store, cubes, kept, closedTo } = state;
  if (closedTo === null) return 0;
  forgetMinutes(state, from, to);
  const span = { from: hourOf(from), to: Math.min(to, closedTo) };
  const measuresOf = (own: CubeCells, length: Length, newest: number) =>
    measuresFor(state, length)(own, newest);
  const differing = await takeOverChanges(store, [...cubes.values()], span, measuresOf, kept.note);
  if (differing > 0) await persist(state);
  await prefetchEdges(state, () => false);
  return differing;
}

/** Hours by the minute are not compared, as a row can move within its hour: they are read again. */
function forgetMinutes(state: LiveState, from: number, to: number): void {
  if (to > (state.closedTo ?? 0)) state.rereadsOpen = true;
  for (const own of state.cubes.values()) {
    for (const hour of own.details.keys()) if (hour >= hourOf(from) && hour < to) own.details.delete(hour);
  }
}

/**
 * Reads hours and days that begin within a span anew and takes over those that differ, of which `changed` is told; returns
 * how many did.
 */
async function takeOverChanges(
  store: AuditStore,
  owners: readonly CubeCells[],
  { from, to }: Window,
  measuresOf: (own: CubeCells, length: Length, newest: number) => readonly Measure[],
  changed: (own: CubeCells, length: Length, begin: number) => void,
): Promise<number> {
  // All cubes are compared: a row that went from one group to another leaves the sums of all rows as they were.
  const originals = new Map(
    owners.map((own) => [{ ...openCubeCells(own.cube), dictionary: own.dictionary }, own]),
  );
  await store.snapshot(async (snapshot) => {
    for (const length of LENGTHS) {
      const wanted = [...originals].map(([fresh, own]) => {
        const begins = [...wholesOf(own, length).keys()];
        return [fresh, new Set(begins.filter((begin) => begin >= from && begin < to))] as const;
      });
      await readWhole(snapshot, length, new Map(wanted), (fresh, newest) =>
        measuresOf(originals.get(fresh) as CubeCells, length, newest),
      );
    }
  });
  let differing = 0;
  for (const [fresh, own] of originals) {
    for (const length of LENGTHS) {
      for (const [begin, now] of wholesOf(fresh, length)) {
        const before = wholesOf(own, length).get(begin);
        if (before !== undefined && isSame(before, now, width(own.cube))) continue;
        setWhole(own, length, begin, now);
        changed(own, length, begin);
        differing += 1;
      }
    }
  }
  return differing;
}

/** Whether two readings of a cube's cells have the same sums in the same groups, as far as both know the measures. */
function isSame(a: PackedCells, b: PackedCells, measures: number): boolean {
  if (a.keys.length !== b.keys.length) return false;
  const isCompared = Array.from({ length: measures }, (_, m) => !a.lacks.includes(m) && !b.lacks.includes(m));
  const placeOf = placesByKey(a.keys);
  for (let i = 0; i < b.keys.length; i += 1) {
    const place = placeOf[b.keys[i] as number];
    if (place === undefined || place < 0) return false;
    for (let m = 0; m < measures; m += 1) {
      if (isCompared[m] && !isEqual(a, place * measures + m, b, i * measures + m)) return false;
    }
  }
  return true;
}

/** The place of each key, -1 for one that is not there. */
function placesByKey(keys: Int32Array): Int32Array {
  const places = new Int32Array(keys.reduce((most, key) => Math.max(most, key + 1), 0)).fill(-1);
  for (let place = 0; place < keys.length; place += 1) places[keys[place] as number] = place;
  return places;
}

const UNIT = Number(ONE);

/** One sum can be written in two ways, as its parts keep their sign: -1 and 0.25, or 0 and -0.75. */
function isEqual(a: PackedCells, i: number, b: PackedCells, j: number): boolean {
  const units = (a.units[i] as number) - (b.units[j] as number);
  return units * UNIT === (b.parts[j] as number) - (a.parts[i] as number);
}
