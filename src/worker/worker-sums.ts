// The live sums of a worker: polls ask them, and between polls they are backfilled and reconciled.

import { dimensionsOf } from '../app.ts';
import type { Config } from '../config/config.ts';
import { sumsBasis } from '../config/sums-basis.ts';
import { oneByOne } from '../model/one-by-one.ts';
import type { Source } from '../pipeline/collect.ts';
import { type LiveSource, openLiveSource } from '../pipeline/live-source.ts';
import { queriesOfChecks } from '../pipeline/queries-of-checks.ts';
import type { State } from '../state/open.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { BackfillProgress } from '../sums/live/backfill.ts';
import type { LiveSums } from '../sums/live/live-sums.ts';
import { openReconcilePlan, type ReconcilePlan } from './reconcile-plan.ts';

/** Live sums that polls ask, and that are backfilled and reconciled between polls. */
export interface WorkerSums {
  readonly source: Source;
  /**
   * The hours that polls need, now or an hour from now, and that are not kept yet; and where the kept past begins, ms.
   * Reads nothing from the store.
   */
  standing(): Promise<{ readonly missingHours: number; readonly keptFrom: number | null }>;
  /** Reads missing hours for `budgetMs` at most. Throws the store's AppError; what was read before is kept. */
  backfill(budgetMs: number): Promise<BackfillProgress>;
  /**
   * Works for a while on what is due: first missing hours, then one step of reconciling. Throws the store's AppError; what
   * was done before is kept.
   */
  maintain(now: number): Promise<Maintained>;
}

export interface Maintained {
  /** How far the backfill has come; null when it is complete. */
  readonly building: BackfillProgress | null;
  /** Whether nothing more is due until the next poll. */
  readonly isDone: boolean;
}

/** Receives events that are not in poll reports. */
export interface SumsListener {
  /** Called each time that the sums cannot be used and the store answers all queries instead. */
  bypassed(reason: string): void;
  /** A line for the log that a person should read. */
  troubled(what: string): void;
}

const SILENT: SumsListener = { bypassed: () => undefined, troubled: () => undefined };
const IDS_RESTARTED =
  'the ids of the audit table start again (it was emptied, or another table took its name): all kept sums are read anew';

/** The state store must be migrated. */
export function openWorkerSums(
  config: Config,
  store: AuditStore,
  state: State,
  listener: SumsListener = SILENT,
): WorkerSums {
  const { latenessMs, reconcileMs } = config.audit;
  const kept = state.aggregateBuckets(sumsBasis(config));
  const live = openLiveSource(store, { latenessMs, kept }, (reason) => listener.bypassed(reason));
  const plan = openReconcilePlan(reconcileMs);
  const slice = openSlice();
  const inTurn = oneByOne();
  const ofChecks = queriesOfChecks(
    dimensionsOf(config),
    config.rules.filter(({ enabled }) => enabled),
    config.timezone,
    store,
  );

  const refresh: LiveSource['refresh'] = async (queries, before, now) => {
    const seen = await live.refresh([...queries, ...ofChecks(before)], before, now);
    const series = seen.series.slice(0, queries.length);
    if (seen.begunAnew) listener.troubled(IDS_RESTARTED);
    slice.polled(series.includes(null));
    return { ...seen, series };
  };

  const maintain = async (now: number): Promise<Maintained> => {
    const { done, total } = await live.sums().backfill(slice.nextMs());
    if (done < total) return { building: { done, total }, isDone: false };
    return { building: null, isDone: !(await reconcileStep(live.sums(), plan, now)) };
  };

  const backfill = (budgetMs: number) => inTurn(() => live.sums().backfill(budgetMs));

  return {
    source: {
      ...(store.costPlace !== undefined && { costPlace: store.costPlace }),
      read: (reads, before) => store.read(reads, before),
      refresh: (queries, before, now) => inTurn(() => refresh(queries, before, now)),
      refreshedTo: () => live.refreshedTo(),
      known: (queries, before) => live.known(queries, before),
      // The refresh asks the store for what could not be read, and the backfill between polls reports the fault.
      backfill: (budgetMs) => backfill(budgetMs).then(nothing, nothing),
    },
    standing: () =>
      inTurn(async () => {
        const { total } = await live.sums().backfill(0);
        return { missingHours: total, keptFrom: live.sums().oldest() };
      }),
    backfill,
    maintain: (now) => inTurn(() => maintain(now)),
  };
}

const nothing = (): void => undefined;

/** Compares one span of the past with the store, if one is due. Returns whether there was one. */
async function reconcileStep(sums: LiveSums, plan: ReconcilePlan, now: number): Promise<boolean> {
  const span = plan.next(now, () => sums.oldest());
  if (span === null) {
    plan.rest();
    return false;
  }
  await sums.reconcile(span.from, span.to);
  plan.done();
  const since = plan.completeSince();
  if (since !== null) sums.reconciledSince(since);
  return true;
}

/** A backfill runs this long before a poll may come between, or as long as the last poll had to ask the store. */
export const SLICE_MS = 2_000;
const LONGEST_SLICE_MS = 60_000;

/**
 * How long the next slice of a backfill is. On a large table polls ask the store for minutes while sums are missing. With
 * short slices between them the backfill would take days.
 */
function openSlice(): { polled(asksStore: boolean): void; nextMs(): number } {
  /** Since when a poll has been asking the store, on the monotonic clock, ms. */
  let askingSince: number | null = null;
  let sliceMs = SLICE_MS;
  return {
    polled(asksStore) {
      askingSince = asksStore ? performance.now() : null;
      sliceMs = SLICE_MS;
    },
    nextMs() {
      const askedMs = askingSince === null ? 0 : performance.now() - askingSince;
      askingSince = null;
      sliceMs = Math.min(LONGEST_SLICE_MS, Math.max(sliceMs, askedMs));
      return sliceMs;
    },
  };
}
