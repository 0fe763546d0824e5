// Opens the cubes that the queries of a refresh need, with what is kept of them.

import { DAY } from '../series/grid.ts';
import { openAnswers } from './answers.ts';
import { openCubeCells } from './cube-cells.ts';
import type { CubePlan } from './cube-plan.ts';
import { UNWATCHED } from './id-watch.ts';
import type { LiveState } from './state.ts';

const REOPEN_EVERY_MS = DAY;

/** Keys of groups that went away stay in the dictionaries; once a day all is read back from what is kept. */
export function forgetKeys(state: LiveState, at: number): void {
  state.openedAt ??= at;
  const isDue = Math.abs(at - state.openedAt) >= REOPEN_EVERY_MS && state.kept.isUpToDate();
  if (!state.startsOver && !isDue) return;
  state.cubes.clear();
  state.openedAt = at;
  state.startsOver = false;
}

/** Opens the cubes of a plan and forgets the others; one that needs other measures begins anew. */
export async function followQueries(state: LiveState, plan: CubePlan, at: number): Promise<void> {
  const { cubes, kept } = state;
  const names = new Set([...cubes.keys(), ...plan.cubes.keys()]);
  if ([...names].every((name) => isOpen(state, plan, name, at))) return;
  state.rereadsOpen = true;
  state.compactedTo = null;
  state.completeAs = '';
  state.answers = openAnswers(cubes);
  await restore(state);
  // What is kept of a cube that is not followed any more would grow wrong, so it goes.
  if (!state.isOnce) await kept.retain([...plan.cubes.keys()]);
  for (const name of cubes.keys()) if (!isOpen(state, plan, name, at)) cubes.delete(name);
  for (const [name, cube] of plan.cubes) {
    if (cubes.has(name)) continue;
    const own = openCubeCells(cube);
    await kept.load(own);
    cubes.set(name, own);
  }
}

function isOpen({ cubes, store }: LiveState, plan: CubePlan, name: string, at: number): boolean {
  const own = cubes.get(name)?.cube;
  const needed = plan.cubes.get(name)?.measures;
  if (own === undefined || needed === undefined) return false;
  if (!needed.every((one) => own.measures.includes(one))) return false;
  // A measure that is not asked for just now stays, unless it cannot be read any more.
  if (own.measures.length === needed.length) return true;
  return !store.isFaulty({ measures: own.measures, groupBy: own.dimensions, where: {} }, at);
}

/** Buckets and the watermark belong together: what is kept need not have seen what those in memory have. */
async function restore(state: LiveState): Promise<void> {
  if (!state.kept.isPersistent) return;
  state.cubes.clear();
  const seen = await state.kept.restore();
  state.closedTo = seen?.closedTo ?? null;
  state.reconciledAt = seen?.reconciledAt ?? null;
  state.arrivals = seen?.watch ?? UNWATCHED;
}
