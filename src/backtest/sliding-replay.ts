// Replays instants over sliding windows.

import { setImmediate as breathe } from 'node:timers/promises';
import { firstNotBelow } from '../model/ascending.ts';
import { asAppError } from '../model/errors.ts';
import { smallestOf } from '../model/extremes.ts';
import type { Rule } from '../model/rule.ts';
import type { Query, Series } from '../model/series.ts';
import { collectDirectly } from '../pipeline/collect.ts';
import { type Evaluation, type EvaluationTime, openJudge, queriesAt } from '../pipeline/evaluate.ts';
import { evaluationTimeOf } from '../pipeline/evaluate-rules.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { oldestOf } from '../sums/replay/replay-view.ts';
import { openSlidingWindows, type SlidingWindows } from '../sums/replay/sliding-windows.ts';
import { type CallReader, openCallReader } from './call-reader.ts';
import { type ReplayRun, throwIfStopped } from './replay-run.ts';
import { replaySteps } from './replay-steps.ts';

/** Numbers of 4 or 8 bytes in memory at once. A replay that needs more is made directly. */
const MOST_NUMBERS = 64_000_000;
/** How often signals, the progress bar and the store's answers get time to run. */
const PAUSE_EVERY_MS = 50;

/**
 * Replays the instants from index `from` on, over sliding windows: every call is read once, and an instant costs what enters
 * and leaves the windows. Returns the index up to which it came. It stops before the end where windows end within minutes,
 * where calls cannot be read in one statement for all rules, and where there are too many groups, or too large sums, to be
 * held. Throws AppError `stopped`.
 */
export async function replaySliding(run: ReplayRun, from: number): Promise<number> {
  const { grid, zone, store } = run;
  const instants = grid.instants(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const first = grid.replayed[from];
  const rules = run.rules.filter(({ name }) => !run.failed.has(name));
  if (first === undefined || rules.length === 0) return from;
  const judgedRules = rules.map((rule, asker): JudgedRule => {
    const begin = firstNotBelow(instants, first - rule.forMs);
    return { rule, asker, begin, judge: openJudge(rule, zone) };
  });
  const asked = judgedRules.map(({ rule, begin }) => queriesAt(rule, zone, instants[begin] as number));
  const oldest = oldestOf(asked.flat());
  const steps = replaySteps(rules, zone, instants, oldest);
  if (steps === null) return from;
  const windows = openSlidingWindows(asked, steps);
  const reader = openCallReader(store, windows, steps, instants.at(-1) as number);
  /** Instants at which only `for` looks back. */
  const earlier = instants.length - grid.replayed.length;
  let place = smallestOf(judgedRules.map(({ begin }) => begin));
  try {
    while (place < instants.length) {
      if (!(await readTo(instants[place] as number, run, reader, windows))) {
        return Math.max(from, place - earlier);
      }
      const end = firstNotBelow(instants, reader.readTo + 1);
      for (const one of judgedRules) {
        await judgeAt(instants.slice(Math.max(place, one.begin), end), one, run, windows, first);
      }
      windows.forget();
      place = end;
      // When a replay resumes, `for` looks back at instants that were reported before.
      if (place - earlier > from) run.progressed(place - earlier);
    }
    return grid.replayed.length;
  } finally {
    reader.close();
  }
}

/** A rule that is judged at every instant. */
interface JudgedRule {
  readonly rule: Rule;
  /** Its index among the askers of the windows. */
  readonly asker: number;
  /** The index of the first instant at which it must be judged, so that `for` can look back. */
  readonly begin: number;
  readonly judge: (time: EvaluationTime, series: readonly Series[]) => Evaluation;
}

/** Reads all calls before an instant; false where these cannot be read or held. */
async function readTo(
  instant: number,
  run: ReplayRun,
  reader: CallReader,
  windows: SlidingWindows,
): Promise<boolean> {
  while (reader.readTo < instant) {
    throwIfStopped(run);
    try {
      await reader.next();
    } catch {
      // The direct replay will meet the same error, and can tell which rules it concerns.
      return false;
    }
    if (windows.size() > MOST_NUMBERS) return false;
  }
  return true;
}

/**
 * Judges a rule at all instants whose calls have been read, before the next rule: its sums then stay in the processor's
 * cache, where those of all rules together would not fit. Evaluations are reported from the instant `first` on. A rule that
 * cannot be judged is left out from then on.
 */
async function judgeAt(
  instants: readonly number[],
  { rule, asker, judge }: JudgedRule,
  run: ReplayRun,
  windows: SlidingWindows,
  first: number,
): Promise<void> {
  const { failed, grid, zone, store } = run;
  let pausedAt = Number.NEGATIVE_INFINITY;
  for (const at of instants) {
    if (failed.has(rule.name)) return;
    if (performance.now() - pausedAt > PAUSE_EVERY_MS) {
      await breathe();
      throwIfStopped(run);
      pausedAt = performance.now();
    }
    const time = evaluationTimeOf(rule, at, grid);
    let evaluation: Evaluation;
    try {
      const queries = queriesAt(rule, zone, at);
      const series = windows.answer(asker, queries);
      // No `await` where everything is known: a replay comes here a million times.
      evaluation = judge(time, areAllKnown(series) ? series : await completed(store, queries, series, at));
    } catch (error) {
      failed.set(rule.name, asAppError(error, 'rule_failed'));
      return;
    }
    if (at >= first) run.judged(rule, time, evaluation);
  }
}

function areAllKnown(series: readonly (Series | null)[]): series is readonly Series[] {
  return series.every((one) => one !== null);
}

/** Reads from the store what the windows do not hold: a baseline in a zone whose days begin within a minute. */
async function completed(
  store: AuditStore,
  queries: readonly Query[],
  known: readonly (Series | null)[],
  at: number,
): Promise<Series[]> {
  const open = queries.filter((_, i) => known[i] === null);
  const found = [...(await collectDirectly(store, open, at)).series];
  return known.map((series) => {
    const answer = series ?? found.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new RangeError('no answer');
    return answer;
  });
}
