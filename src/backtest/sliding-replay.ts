import { setImmediate as breathe } from 'node:timers/promises';
import { firstNotBelow } from '../model/ascending.ts';
import { asAppError } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { Series } from '../model/series.ts';
import { momentOf } from '../pipeline/assess.ts';
import { collect } from '../pipeline/collect.ts';
import { type Evaluation, type Moment, openJudge, queriesAt } from '../pipeline/evaluate.ts';
import { openSlide, type Slide } from '../rollup/slide.ts';
import { openCallPieces } from './call-pieces.ts';
import { commonStep } from './common-step.ts';
import { heedStop, type ReplayRun } from './replay-run.ts';

/** Numbers of 4 or 8 bytes that may be held; a replay that needs more is made directly. */
const MOST_NUMBERS = 64_000_000;

/**
 * Replays instant by instant, over sums that slide: every call is read once, and an instant costs what enters and
 * leaves the windows. Returns how many instants were judged, fewer than there are where this way ends: windows that
 * end within minutes, calls that cannot be read in one statement for all rules, groups or sums that are too many or
 * too large to be held. Throws AppError `stopped`.
 */
export async function replaySliding(run: ReplayRun): Promise<number> {
  const { grid, rules, zone, store } = run;
  const first = grid.replayed[0];
  const all = grid.instants(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const stepMs = commonStep(rules, all);
  if (first === undefined || stepMs === null || rules.length === 0) return 0;
  const players = rules.map(
    (rule): Player => ({
      rule,
      begin: firstNotBelow(all, first - rule.forMs),
      judge: openJudge(rule, zone),
    }),
  );
  const asked = players.map(({ rule, begin }) => queriesAt(rule, zone, all[begin] as number));
  const slide = openSlide(asked, stepMs);
  const pieces = openCallPieces(store, slide, stepMs, all.at(-1) as number);
  const firstPlace = all.length - grid.replayed.length;
  let forgotten = 0;
  for (const [place, at] of all.entries()) {
    await breathe();
    heedStop(run);
    try {
      await pieces.upTo(at);
    } catch {
      // The direct way meets what is wrong again, and can tell which rules it concerns.
      return Math.max(0, place - firstPlace);
    }
    slide.next();
    for (const [asker, player] of players.entries()) {
      const { rule, begin } = player;
      if (place < begin || run.failed.has(rule.name)) continue;
      const moment = momentOf(rule, at, grid);
      try {
        const evaluation = player.judge(moment, await seriesOf(run, slide, asker, rule, at));
        if (at >= first) run.judged(rule, moment, evaluation);
      } catch (error) {
        run.failed.set(rule.name, asAppError(error, 'rule_failed'));
      }
    }
    const judged = Math.max(0, place - firstPlace + 1);
    if (judged > 0) run.progressed(judged);
    if (at - forgotten < FORGET_EVERY_MS) continue;
    forgotten = at;
    slide.forget();
    if (slide.size() > MOST_NUMBERS) return judged;
  }
  return grid.replayed.length;
}

const FORGET_EVERY_MS = 6 * 3_600_000;

interface Player {
  readonly rule: Rule;
  /** The place of the first instant that must be judged, for what `for` looks back at. */
  readonly begin: number;
  readonly judge: (moment: Moment, series: readonly Series[]) => Evaluation;
}

/** What the slide does not know (a zone whose days begin within a minute) is asked of the store. */
async function seriesOf(
  { store, zone }: ReplayRun,
  slide: Slide,
  asker: number,
  rule: Rule,
  at: number,
): Promise<Series[]> {
  const queries = queriesAt(rule, zone, at);
  const known = slide.answer(asker, queries);
  const open = queries.filter((_, i) => known[i] === null);
  const found = open.length === 0 ? [] : [...(await collect(store, open, at)).series];
  return known.map((series) => {
    const answer = series ?? found.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new RangeError('no answer');
    return answer;
  });
}
