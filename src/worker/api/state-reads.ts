// Reads the state store for the API, without keeping polls and deliveries from it.

import { wordsOf } from '../../model/errors.ts';
import { withLimit } from '../../model/time-limit.ts';
import { ApiError } from './answer.ts';

/** Answers questions about the state one at a time. */
export interface StateReads {
  /**
   * The answer of `read`, or one that is less than a second old, by the `key` of the question. Throws ApiError 503 where the
   * state store gives none in time, or too many requests wait.
   */
  read(key: string, read: () => Promise<string>): Promise<string>;
}

/** How long a request waits; a statement takes at most as long. */
export const ANSWER_MS = 3_000;
/** How old an answer may be. */
const FRESH_MS = 1_000;
/** How many questions may wait for each other. */
const MOST_WAITING = 20;

/** An embedded database answers one question after the other, and the polls' questions are among them. */
export function openStateReads(now: () => number): StateReads {
  const answers = new Map<string, { readonly begun: number; readonly answer: Promise<string> }>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = (read: () => Promise<string>): Promise<string> => {
    if (waiting >= MOST_WAITING) throw unavailable('too many requests wait for it');
    waiting += 1;
    const answer = last.then(read).finally(() => {
      waiting -= 1;
    });
    last = answer.catch(() => undefined);
    return answer;
  };

  return {
    async read(key, read) {
      for (const [old, { begun }] of answers) if (now() - begun > FRESH_MS) answers.delete(old);
      let known = answers.get(key);
      if (known === undefined) {
        known = { begun: now(), answer: inTurn(read) };
        answers.set(key, known);
      }
      try {
        return await withLimit(known.answer, ANSWER_MS);
      } catch (error) {
        answers.delete(key);
        throw unavailable(wordsOf(error));
      }
    },
  };
}

function unavailable(why: string): ApiError {
  return new ApiError(503, 'state_unavailable', `the state store cannot be used: ${why}`, {
    hint: 'try again; /readyz and the log say more',
    headers: { 'retry-after': '5' },
  });
}
