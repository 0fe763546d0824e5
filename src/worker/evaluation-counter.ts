// Counts how often rules are evaluated, and how near they come to their limits, for the reports of quiet days.

import { randomUUID } from 'node:crypto';
import { wordsOf } from '../model/errors.ts';
import { dayStart, localDay } from '../model/local-time.ts';
import { hasGoneBy } from '../model/period.ts';
import type { PolledRule, PollReport } from '../pipeline/poll.ts';
import type { DayCount } from '../state/evaluation-count.ts';
import { limitShare } from './limit-share.ts';

/** Counts in memory, so that a poll costs no statement more. What a killed worker had not written is lost. */
export interface EvaluationCounter {
  /** To be called after each poll. Writes about once an hour, and at once when a rule fires first on a day. Returns at once. */
  polled(report: PollReport): void;
  /** Writes what was counted since. Rejects where the state store is away. */
  write(): Promise<void>;
}

/** As in State. */
interface CountStore {
  writeEvaluationCounts(file: string, counter: string, days: readonly DayCount[]): Promise<void>;
}

interface CountedIn {
  /** As in RuleFile. */
  readonly file: string;
  readonly zone: string;
}

const HOUR = 3_600_000;
/** Older days are not evaluated any more: polls make up for a day at most. */
const KEEP_MS = 72 * HOUR;

/** `troubled` is told in words for people why the counts cannot be written, and they are written later. */
export function openEvaluationCounter(
  open: () => Promise<CountStore>,
  { file, zone }: CountedIn,
  now: () => number,
  troubled: (what: string) => void,
): EvaluationCounter {
  const counter = randomUUID();
  const days = new Map<number, DayCount>();
  const changed = new Set<number>();
  let writtenAt = now();
  let writing: Promise<void> = Promise.resolve();

  const writeChanged = async (): Promise<void> => {
    writtenAt = now();
    if (changed.size === 0) return;
    const some = [...changed].flatMap((day) => days.get(day) ?? []);
    changed.clear();
    try {
      await (await open()).writeEvaluationCounts(file, counter, some);
    } catch (error) {
      for (const { day } of some) changed.add(day);
      throw error;
    }
    for (const day of days.keys()) {
      if (day < writtenAt - KEEP_MS && !changed.has(day)) days.delete(day);
    }
  };
  /** One write after the other, so that an older one does not come last. */
  const write = (): Promise<void> => {
    const next = writing.catch(() => undefined).then(writeChanged);
    writing = next;
    return next;
  };

  return {
    polled({ rules }) {
      let firesFirst = false;
      for (const polled of rules) {
        for (const [day, more] of countsOf(polled, zone)) {
          const known = days.get(day);
          firesFirst ||= more.hasFired && known?.hasFired !== true;
          days.set(day, known === undefined ? more : together(known, more));
          changed.add(day);
        }
      }
      if (firesFirst || hasGoneBy(HOUR, writtenAt, now()))
        write().catch((error: unknown) =>
          troubled(`evaluations could not be counted in the state store: ${wordsOf(error)}`),
        );
    },
    write,
  };
}

/** What one rule adds, by day. An evaluation at midnight is of the day that ends, as its windows are. */
function countsOf({ rule, evaluations }: PolledRule, zone: string): Map<number, DayCount> {
  const counts = new Map<number, DayCount>();
  for (const { at, judgement } of evaluations) {
    const day = dayStart(localDay(at - 1, zone), zone);
    const hasFired = judgement.firing.length > 0;
    const share = hasFired ? null : limitShare(rule, judgement.observed);
    const nearest = share === null ? null : { rule: rule.name, share };
    const one = { day, evaluations: 1, hasFired, nearest };
    const known = counts.get(day);
    counts.set(day, known === undefined ? one : together(known, one));
  }
  return counts;
}

function together(a: DayCount, b: DayCount): DayCount {
  return {
    day: a.day,
    evaluations: a.evaluations + b.evaluations,
    hasFired: a.hasFired || b.hasFired,
    nearest: (a.nearest?.share ?? -1) >= (b.nearest?.share ?? -1) ? a.nearest : b.nearest,
  };
}
