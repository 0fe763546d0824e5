import { setImmediate as breathe } from 'node:timers/promises';
import { firstNotBelow } from '../model/ascending.ts';
import { asAppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { Query, Series } from '../model/series.ts';
import { momentOf } from '../pipeline/assess.ts';
import { collectDirectly } from '../pipeline/collect.ts';
import { type Evaluation, type Moment, openJudge, queriesAt } from '../pipeline/evaluate.ts';
import { openSlide, type Slide } from '../rollup/slide.ts';
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
    (rule): Player => ({
      rule,
      begin: firstNotBelow(all, first - rule.forMs),
      judge: openJudge(rule, zone),
    }),
  );
  const asked = players.map(({ rule, begin }) => queriesAt(rule, zone, all[begin] as number));
  const oldest = Math.min(...asked.flat().flatMap(({ windows }) => windows.map((window) => window.from)));
  const steps = replaySteps(rules, zone, all, oldest);
  if (steps === null) return from;
  const slide = openSlide(asked, steps);
  const pieces = openCallPieces(store, slide, steps, all.at(-1) as number);
  const firstPlace = all.length - grid.replayed.length;
  const begin = Math.min(...players.map((player) => player.begin));
  let forgotten = 0;
  for (const [place, at] of all.entries()) {
    if (place < begin) continue;
    await breathe();
    heedStop(run);
    if (!(await readUpTo(at, run, pieces, slide))) return Math.max(from, place - firstPlace);
    slide.next();
    for (const [asker, player] of players.entries()) {
      if (place < player.begin || run.failed.has(player.rule.name)) continue;
      const moment = momentOf(player.rule, at, grid);
      const evaluation = await evaluationOf(run, slide, asker, player, moment);
      if (evaluation !== null && at >= first) run.judged(player.rule, moment, evaluation);
    }
    if (at >= first) run.progressed(place - firstPlace + 1);
    if (at - forgotten < FORGET_EVERY_MS) continue;
    forgotten = at;
    slide.forget();
  }
  return grid.replayed.length;
}

/** What has left all windows is looked for this often. */
const FORGET_EVERY_MS = 6 * 3_600_000;

interface Player {
  readonly rule: Rule;
  /** The place of the first instant that must be judged, for what `for` looks back at. */
  readonly begin: number;
  readonly judge: (moment: Moment, series: readonly Series[]) => Evaluation;
}

/** Whether all calls before an instant could be read and held. */
async function readUpTo(instant: number, run: ReplayRun, pieces: CallPieces, slide: Slide): Promise<boolean> {
  while (!pieces.reach(instant)) {
    heedStop(run);
    try {
      await pieces.next();
    } catch {
      // The direct way meets what is wrong again, and can tell which rules it concerns.
      return false;
    }
    if (slide.size() > MOST_NUMBERS) return false;
  }
  return true;
}

/** Null for a rule that cannot be judged: it is left out from there on. */
async function evaluationOf(
  run: ReplayRun,
  slide: Slide,
  asker: number,
  { rule, judge }: Player,
  moment: Moment,
): Promise<Evaluation | null> {
  try {
    const queries = queriesAt(rule, run.zone, moment.at);
    const answers = slide.answer(asker, queries);
    const isWhole = answers.every((series) => series !== null);
    return judge(moment, isWhole ? answers : await completed(run, queries, answers, moment.at));
  } catch (error) {
    run.failed.set(rule.name, asAppError(error, 'rule_failed'));
    return null;
  }
}

/** What the slide does not know (a baseline in a zone whose days begin within a minute) is asked of the store. */
async function completed(
  { store }: ReplayRun,
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
