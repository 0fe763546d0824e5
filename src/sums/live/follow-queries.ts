// Opens the aggregates that the queries of a refresh need, with what is kept of them.

import { DAY } from '../series/grid.ts';
import type { AggregatePlan } from './aggregate-plan.ts';
import { openAnswers } from './answers.ts';
import { UNWATCHED } from './id-watch.ts';
import { openLiveAggregate } from './live-aggregate.ts';
import type { LiveState } from './state.ts';

const REOPEN_EVERY_MS = DAY;

/** Keys of groups that went away stay in the dictionaries; once a day all is read back from what is kept. */
export function forgetKeys(state: LiveState, at: number): void {
  state.openedAt ??= at;
  const isDue = Math.abs(at - state.openedAt) >= REOPEN_EVERY_MS && state.kept.isUpToDate();
  if (!state.startsOver && !isDue) return;
  state.aggregates.clear();
  state.openedAt = at;
  state.startsOver = false;
}

/** Opens the aggregates of a plan and forgets the others; one that needs other measures begins anew. */
export async function followQueries(state: LiveState, plan: AggregatePlan, at: number): Promise<void> {
  const { aggregates, kept } = state;
  const names = new Set([...aggregates.keys(), ...plan.aggregates.keys()]);
  if ([...names].every((name) => isOpen(state, plan, name, at))) return;
  state.rereadsOpen = true;
  state.compactedTo = null;
  state.completeAs = '';
  state.answers = openAnswers(aggregates);
  await restore(state);
  // What is kept of an aggregate that is not followed any more would grow wrong, so it goes.
  if (!state.isOnce) await kept.retain([...plan.aggregates.keys()]);
  for (const name of aggregates.keys()) if (!isOpen(state, plan, name, at)) aggregates.delete(name);
  for (const [name, planned] of plan.aggregates) {
    if (aggregates.has(name)) continue;
    const aggregate = openLiveAggregate(planned);
    await kept.load(aggregate);
    aggregates.set(name, aggregate);
  }
}

function isOpen({ aggregates, store }: LiveState, plan: AggregatePlan, name: string, at: number): boolean {
  const aggregate = aggregates.get(name);
  const needed = plan.aggregates.get(name)?.measures;
  if (aggregate === undefined || needed === undefined) return false;
  if (!needed.every((one) => aggregate.measures.includes(one))) return false;
  // A measure that is not asked for just now stays, unless it cannot be read any more.
  if (aggregate.measures.length === needed.length) return true;
  return !store.isFaulty({ measures: aggregate.measures, groupBy: aggregate.dimensions, where: {} }, at);
}

/** Buckets and the watermark belong together: what is kept need not have seen what those in memory have. */
async function restore(state: LiveState): Promise<void> {
  if (!state.kept.isPersistent) return;
  state.aggregates.clear();
  const seen = await state.kept.restore();
  state.closedTo = seen?.closedTo ?? null;
  state.reconciledAt = seen?.reconciledAt ?? null;
  state.arrivals = seen?.watch ?? UNWATCHED;
}
