// When a rate left its usual level: a change-point over minute sums.

import { medianOf } from './doubles.ts';
import type { Window } from './window.ts';

/** When and how a rate left its usual level. */
export interface Onset {
  /** ms. */
  readonly at: number;
  /** The median minute of the six hours before, an hour. */
  readonly beforePerHour: number;
  /** The mean minute of what came then, an hour. */
  readonly afterPerHour: number;
}

/** Sums of whole minutes, one after the other. */
export interface MinuteSums {
  /** Where the first minute begins, ms. */
  readonly from: number;
  readonly sums: readonly number[];
}

const MINUTE = 60_000;
/** The minutes before a change by which the usual level and its noise are judged. */
const USUAL = 360;
/** A change in less than this has too little before it. */
const LEAST_BEFORE = 180;
/** The minutes before a change with which those after it are compared. */
const BEFORE = 90;
/** The minutes after a change that are compared, the shorter ones for changes that are young or short. */
const AFTER = [3, 5, 10, 20, 40, 80, 160] as const;
/** The spans, in minutes, over which noise is measured. Slow noise shows in the long ones only. */
const SPANS = [1, 5, 15, 30] as const;
/** The least log-likelihood ratio of a change. There are ten thousand candidates, and chance alone makes e^-14 one of them. */
const LEAST_EVIDENCE = 14;
/** A new level differs from the usual one by this factor. A daily rhythm moves less within an hour. */
const LEAST_FACTOR = 2;
/** It also lies outside all but 3 % of the usual stretches of its length, by this factor. */
const OUTSIDE = 1.4;
const TAIL = 0.03;
/** Minutes whose evidence is within this of the best are as likely: about 99 % of the truth. */
const AS_LIKELY = 4;
/** If minutes further away than this are as likely, the beginning is not known. */
const SURE_WITHIN = 10;
/** A new level that makes less than this part of the window's value, lasting for all of it, is not why that is so high. */
const LEAST_PART = 0.5;
/** A rate may leave its level in several steps. */
const MOST_STEPS = 4;

/**
 * When the rate left the level at which it had been, so that it came to `window` and its `value` as they are; null where
 * that is not sure, such as for a rise in the very last minute. `falls` looks for a rate that fell.
 *
 * Method: the likelihood ratio of a change in the mean of Poisson counts, maximised over its minute and over the lengths of
 * what follows, and the confidence region of the minute that follows from it (Worsley, "Confidence regions and tests for a
 * change-point in a sequence of exponential family random variables", Biometrika 73, 1986). Amounts of money count as
 * Poisson counts after division by their dispersion (McCullagh and Nelder, "Generalized Linear Models", 1989, 6.2), which
 * is measured by successive differences, so that a daily rhythm does not count as noise (von Neumann, Annals of
 * Mathematical Statistics 12, 1941). Real traffic is rougher than that, so a change must also stand out from the hours
 * before it.
 */
export function onsetOf(
  { from, sums }: MinuteSums,
  window: Window,
  value: number,
  falls = false,
): Onset | null {
  const minutes = new Minutes(sums);
  const reached = Math.max(0, Math.floor((window.from - from) / MINUTE));
  let found = strongest(minutes, sums.length, reached, falls);
  if (found === null || !isSure(minutes, found, falls)) return null;
  const end = endOf(minutes, found, sums.length, falls);
  const most = minutes.mean(found.at, end) * ((window.to - window.from) / MINUTE);
  if (!falls && most < value * LEAST_PART) return null;
  for (let step = 1; step < MOST_STEPS; step += 1) {
    const earlier = strongest(minutes, found.at, found.at - 1, falls);
    if (earlier === null || !isSure(minutes, earlier, falls)) break;
    // By then it had become the usual level.
    if (found.at - earlier.at > USUAL / 2) break;
    found = earlier;
  }
  const { at } = found;
  return {
    at: from + at * MINUTE,
    beforePerHour: perHour(medianOf(sums.slice(Math.max(0, at - USUAL), at))),
    afterPerHour: perHour(minutes.mean(at, end)),
  };
}

/** A change at minute `at`: the minutes from `begin` to it differ from those up to `end`. */
interface Change {
  readonly begin: number;
  readonly at: number;
  readonly end: number;
  readonly dispersion: number;
  readonly evidence: number;
}

/** The most evident change before `limit` whose new level lasts to minute `reached`; null for none. */
function strongest(minutes: Minutes, limit: number, reached: number, falls: boolean): Change | null {
  let best: Change | null = null;
  for (let at = LEAST_BEFORE; at <= limit - 2; at += 1) {
    const begin = at - BEFORE;
    const usualFrom = Math.max(0, at - USUAL);
    const [local, usual] = [minutes.mean(begin, at), minutes.mean(usualFrom, at)];
    const noise = minutes.dispersion(usualFrom, at);
    const differs = (level: number): boolean =>
      falls
        ? level * LEAST_FACTOR <= Math.min(local, usual) && usual > 0
        : level > 0 && level >= LEAST_FACTOR * Math.max(local, usual);
    const lasts = (): boolean =>
      at >= reached ||
      differs(minutes.mean(reached, limit)) ||
      differs(minutes.mean(reached, Math.min(limit, reached + 10)));
    for (const length of AFTER) {
      const end = Math.min(limit, at + length);
      if (differs(minutes.mean(at, end))) {
        const dispersion = Math.max(noise, minutes.roughness(at, end), leastNoise(minutes, begin, at, end));
        const evidence = evidenceOf(minutes, { begin, at, end, dispersion }, falls);
        const isBetter = evidence > (best?.evidence ?? LEAST_EVIDENCE);
        if (isBetter && lasts() && standsOut(minutes, at, end, falls)) {
          best = { begin, at, end, dispersion, evidence };
        }
      }
      if (end === limit) break;
    }
  }
  return best;
}

/** Even a level without noise is not known better than to a tenth; after silence, a minute counts as a single call. */
function leastNoise(minutes: Minutes, begin: number, at: number, end: number): number {
  return minutes.sum(begin, at) <= 0 ? minutes.mean(at, end) : minutes.mean(begin, end) * 0.01;
}

/** The log-likelihood ratio of two levels against one; negative for a change to the other side. */
function evidenceOf(
  minutes: Minutes,
  { begin, at, end, dispersion }: Omit<Change, 'evidence'>,
  falls: boolean,
): number {
  if (dispersion <= 0) return 0;
  const [before, after] = [minutes.sum(begin, at), minutes.sum(at, end)];
  const levels = [before / (at - begin), after / (end - at), (before + after) / (end - begin)] as const;
  if (levels[0] === levels[1]) return 0;
  const likelihood = (sum: number, level: number): number => (sum <= 0 ? 0 : sum * Math.log(level));
  const ratio =
    likelihood(before, levels[0]) + likelihood(after, levels[1]) - likelihood(before + after, levels[2]);
  return levels[1] > levels[0] !== falls ? ratio / dispersion : -ratio / dispersion;
}

/** Up to where the new level lasts: the end with the most evidence. */
function endOf(minutes: Minutes, change: Change, limit: number, falls: boolean): number {
  let best = change;
  for (let end = change.at + 2; end <= limit; end += 1) {
    const evidence = evidenceOf(minutes, { ...change, end }, falls);
    if (evidence > best.evidence) best = { ...change, end, evidence };
  }
  return best.end;
}

/** Whether the stretch [at, end) lies outside of what stretches of its length were in the hours before. */
function standsOut(minutes: Minutes, at: number, end: number, falls: boolean): boolean {
  const length = Math.min(end - at, 20);
  const usual: number[] = [];
  for (let i = Math.max(0, at - USUAL); i + length <= at; i += 1) usual.push(minutes.mean(i, i + length));
  usual.sort((a, b) => a - b);
  const outliers = Math.floor(usual.length * TAIL);
  const edge = usual[falls ? outliers : usual.length - 1 - outliers] ?? 0;
  const level = minutes.mean(at, end);
  return falls ? level * OUTSIDE < edge : level > OUTSIDE * edge;
}

/** Whether no minute far from the change explains the same stretch nearly as well. */
function isSure(minutes: Minutes, change: Change, falls: boolean): boolean {
  const { begin, end, evidence } = change;
  for (let at = begin + 5; at < end; at += 1) {
    if (Math.abs(at - change.at) <= SURE_WITHIN) continue;
    if (evidenceOf(minutes, { ...change, at }, falls) >= evidence - AS_LIKELY) return false;
  }
  return true;
}

/** Sums and noise over spans of minutes, in constant time. */
class Minutes {
  /** The i-th is the sum of the first i minutes. Credits count as nothing. */
  private readonly sums: Float64Array;
  /** By span, running totals of half the squared differences of neighbouring stretches, a minute. */
  private readonly differences: readonly Float64Array[];

  constructor(values: readonly number[]) {
    this.sums = totalsOf(values.length, (i) => Math.max(0, values[i] as number));
    this.differences = SPANS.map((span) =>
      totalsOf(values.length, (i) => {
        const begin = i + 1 - 2 * span;
        if (begin < 0) return 0;
        const difference = this.sum(begin, begin + span) - this.sum(begin + span, i + 1);
        return difference ** 2 / (2 * span);
      }),
    );
  }

  sum(from: number, to: number): number {
    return (this.sums[to] as number) - (this.sums[from] as number);
  }

  mean(from: number, to: number): number {
    return this.sum(from, to) / (to - from);
  }

  /** The variance of minutes over their mean, by the span that shows the most. */
  dispersion(from: number, to: number): number {
    const mean = this.mean(from, to);
    if (mean <= 0) return 0;
    let most = 0;
    for (const [i, span] of SPANS.entries()) {
      const totals = this.differences[i] as Float64Array;
      const first = from + 2 * span - 1;
      if (to - first < 10) continue;
      most = Math.max(most, ((totals[to] as number) - (totals[first] as number)) / (to - first) / mean);
    }
    return most;
  }

  /** The same of a short stretch, by neighbouring minutes alone. */
  roughness(from: number, to: number): number {
    const mean = this.mean(from, to);
    if (to - from < 2 || mean <= 0) return mean;
    const totals = this.differences[0] as Float64Array;
    return ((totals[to] as number) - (totals[from + 1] as number)) / (to - from - 1) / mean;
  }
}

function totalsOf(count: number, valueAt: (index: number) => number): Float64Array {
  const totals = new Float64Array(count + 1);
  for (let i = 0; i < count; i += 1) totals[i + 1] = (totals[i] as number) + valueAt(i);
  return totals;
}

/** Six digits are plenty for an estimate. */
function perHour(minute: number): number {
  return Number((minute * 60).toPrecision(6));
}
