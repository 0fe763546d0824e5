// Past instants -> evaluations, over sums that slide.

import { setImmediate as breathe } from 'node:timers/promises';
import { firstNotBelow } from '../model/ascending.ts';
import { asAppError } from '../model/errors.ts';
import { smallestOf } from '../model/extremes.ts';
import type { Rule } from '../model/rule.ts';
import type { Query, Series } from '../model/series.ts';
import { collectDirectly } from '../pipeline/collect.ts';
import { type Evaluation, type Moment, openJudge, queriesAt } from '../pipeline/evaluate.ts';
import { momentOf } from '../pipeline/evaluate-rules.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { viewName } from '../sums/replay/replay-view.ts';
import { openSlidingWindows, type SlidingWindows } from '../sums/replay/sliding-windows.ts';
import { type CallPieces, openCallPieces } from './call-pieces.ts';
import { heedStop, type ReplayRun } from './replay-run.ts';
import { replaySteps } from './replay-steps.ts';

/** Numbers of 4 or 8 bytes that may be held; a replay that needs more is made directly. */
const MOST_NUMBERS = 64_000_000;

/**
 * Replays the instants from the place `from` on one by one, over sums that slide: every call is read once, and an
 * instant costs what enters and leaves the windows. Returns the place up to which it came, short of the end where this
 * way ends: windows that end within minutes, calls that cannot be read in one statement for all rules, groups or sums
 * that are too many or too large to be held. Throws AppError `stopped`.
 */
export async function replaySliding(run: ReplayRun, from: number): Promise<number> {
  const { grid, zone, store } = run;
  const rules = run.rules.filter(({ name }) => !run.failed.has(name));
  const first = grid.replayed[from];
  const all = grid.instants(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  if (first === undefined || rules.length === 0) return from;
  const players = rules.map(
    (rule, asker): Player => ({
      rule,
      asker,
      begin: firstNotBelow(all, first - rule.forMs),
      judge: openJudge(rule, zone),
    }),
  );
  const asked = players.map(({ rule, begin }) => queriesAt(rule, zone, all[begin] as number));
  const oldest = smallestOf(asked.flat().flatMap(({ windows }) => windows.map((window) => window.from)));
  const steps = replaySteps(rules, zone, all, oldest);
  if (steps === null) return from;
  const slide = openSlidingWindows(asked, steps);
  const pieces = openCallPieces(store, slide, steps, all.at(-1) as number);
  const parties = partiesOf(players);
  const firstPlace = all.length - grid.replayed.length;
  let place = smallestOf(players.map((player) => player.begin));
  try {
    while (place < all.length) {
      const wanted = endOfStretch(all, place);
      const to = await readUpTo({ instants: all, from: place, to: wanted }, run, pieces, slide);
      for (const party of parties) {
        await judgeParty(party, { instants: all, from: place, to }, run, slide, first);
      }
      slide.forget();
      place = to;
      const done = place - firstPlace;
      // Where a replay goes on, a `for` looks back at instants that have been told.
      if (done > from) run.progressed(done);
      if (to < wanted) return Math.max(from, done);
    }
    return grid.replayed.length;
  } finally {
    pieces.close();
  }
}

/**
 * Rules that look at the same groups are judged at so many instants before the others have their turn: what they add up is
 * then near the processor, and all rules' sums together would not be.
 */
const STRETCH = 72;
/** And no more than lie in so long a time: all of it is read before, and let go of after. */
const STRETCH_MS = 6 * 3_600_000;
/** Signals, the progress bar and what the store sends have their turn this often. */
const PAUSE_EVERY_MS = 50;

function endOfStretch(instants: readonly number[], place: number): number {
  const later = firstNotBelow(instants, (instants[place] as number) + STRETCH_MS);
  return Math.min(instants.length, place + STRETCH, Math.max(place + 1, later));
}

interface Player {
  readonly rule: Rule;
  /** Its number among those that ask the slide. */
  readonly asker: number;
  /** The place of the first instant that must be judged, for what `for` looks back at. */
  readonly begin: number;
  readonly judge: (moment: Moment, series: readonly Series[]) => Evaluation;
}

/** Instants by their places: [from, to) of them are judged. */
interface Stretch {
  readonly instants: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Those that look at the same groups. */
function partiesOf(players: readonly Player[]): Player[][] {
  const parties = new Map<string, Player[]>();
  for (const player of players) {
    const name = viewName(player.rule);
    parties.set(name, [...(parties.get(name) ?? []), player]);
  }
  return [...parties.values()];
}

/** The place up to which all calls before the instants could be read and held. */
async function readUpTo(
  { instants, from, to }: Stretch,
  run: ReplayRun,
  pieces: CallPieces,
  slide: SlidingWindows,
): Promise<number> {
  for (let place = from; place < to; place += 1) {
    while (!pieces.reach(instants[place] as number)) {
      heedStop(run);
      try {
        await pieces.next();
      } catch {
        // The direct way meets what is wrong again, and can tell which rules it concerns.
        return place;
      }
      if (slide.size() > MOST_NUMBERS) return place;
    }
  }
  return to;
}

/** Judges some rules at the instants, and tells it from the first one on that is replayed. */
async function judgeParty(
  party: readonly Player[],
  { instants, from, to }: Stretch,
  run: ReplayRun,
  slide: SlidingWindows,
  first: number,
): Promise<void> {
  const { failed, grid, zone, store } = run;
  let pausedAt = Number.NEGATIVE_INFINITY;
  for (let place = from; place < to; place += 1) {
    if (performance.now() - pausedAt > PAUSE_EVERY_MS) {
      await breathe();
      heedStop(run);
      pausedAt = performance.now();
    }
    for (const { rule, asker, begin, judge } of party) {
      if (place < begin || failed.has(rule.name)) continue;
      const moment = momentOf(rule, instants[place] as number, grid);
      let evaluation: Evaluation;
      try {
        const queries = queriesAt(rule, zone, moment.at);
        const answers = slide.answer(asker, queries);
        // It is not waited for what is there: a replay comes here a million times.
        evaluation = judge(
          moment,
          areAllKnown(answers) ? answers : await completed(store, queries, answers, moment.at),
        );
      } catch (error) {
        // It is left out from there on.
        failed.set(rule.name, asAppError(error, 'rule_failed'));
        continue;
      }
      if (moment.at >= first) run.judged(rule, moment, evaluation);
    }
  }
}

function areAllKnown(answers: readonly (Series | null)[]): answers is readonly Series[] {
  return answers.every((series) => series !== null);
}

/** What the slide does not know (a baseline in a zone whose days begin within a minute) is asked of the store. */
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
