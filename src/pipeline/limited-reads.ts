// Reads that only explain alerts, with one time limit for all of them.

import { AppError, asAppError } from '../model/errors.ts';
import type { AuditStore, ReadAnswers } from '../stores/audit-store.ts';
import type { Source } from './collect.ts';

/** Reads that run at once. Two slow ones still leave room for others. */
const AT_ONCE = 3;
/** The database cancels a statement a little after its time, so its answer is awaited a little longer. */
const GRACE_MS = 250;

/**
 * Reads that share one time limit, `limitMs`, so that explanations cannot hold up an alert. Reads that still wait share the
 * time that is left, so that a slow one does not use it up, and the database cancels statements that take longer. A read
 * without an answer fails alone, with `store_timeout` when it had no time.
 */
export function limitedReads(store: Pick<AuditStore, 'read'>, limitMs: number): Pick<Source, 'read'> {
  let spentMs = 0;
  const leftFrom = (begun: number): number => limitMs - spentMs - (performance.now() - begun);

  /** Rules ask one after the other, so that AT_ONCE limits the reads of all rules together. */
  let last: Promise<unknown> = Promise.resolve();

  const read: Source['read'] = async (reads, before) => {
    const begun = performance.now();
    const answers: ReadAnswers['answers'][number][] = reads.map(() => TOO_LATE);
    let next = 0;
    const readNext = async (): Promise<void> => {
      while (next < reads.length) {
        const waiting = reads.length - next;
        const leftMs = leftFrom(begun);
        if (leftMs <= 0) return;
        const limitEachMs = Math.ceil(Math.min(leftMs, (leftMs * AT_ONCE) / waiting));
        const place = next;
        next += 1;
        const one = reads[place];
        if (one === undefined) return;
        answers[place] = await store
          .read([one], before, limitEachMs)
          .then(({ answers: [answer] }: ReadAnswers) => answer ?? TOO_LATE)
          .catch((error: unknown) => asAppError(error, 'store_query_failed'));
      }
    };
    let timer: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, leftFrom(begun)) + GRACE_MS);
    });
    await Promise.race([isOver, Promise.all(Array.from({ length: AT_ONCE }, readNext))]);
    clearTimeout(timer);
    // The time is over: no further read begins, and late answers are dropped.
    next = reads.length;
    spentMs += performance.now() - begun;
    return { newestRow: null, answers: [...answers] };
  };
  return {
    read(reads, before) {
      const next = last.then(() => read(reads, before));
      last = next;
      return next;
    },
  };
}

const TOO_LATE = new AppError('store_timeout', 'the audit store did not answer in time');
