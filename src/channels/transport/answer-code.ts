// What a code in an answer means, for receivers that say in a 200 that they refuse.

import { type Answer, expectSuccess, notFrom, refusal } from './posting.ts';

/** A provider's codes by who can mend them. What is in none of the lists may pass by itself. */
export interface AnswerCodes {
  readonly provider: string;
  readonly person: ReadonlySet<number>;
  readonly final: ReadonlySet<number>;
  /** Too many messages: how long to wait, in ms; null if the provider does not say. */
  readonly limited: ReadonlyMap<number, number | null>;
}

/** Throws unless the code is 0 and the status is one of success. */
export function expectCodeZero(answer: Answer, codes: AnswerCodes, code: unknown, words: unknown): void {
  const { provider, person, final, limited } = codes;
  if (typeof code !== 'number') {
    expectSuccess(answer);
    throw notFrom(provider, answer);
  }
  if (code === 0) {
    expectSuccess(answer);
    return;
  }
  const refuse = (failure: Parameters<typeof refusal>[2]): never => {
    throw refusal(provider, answer, failure, code, words);
  };
  const wait = limited.get(code);
  if (wait !== undefined || answer.status === 429) {
    refuse({ reason: 'rate_limited', kind: 'passing', retryAfterMs: wait ?? null });
  }
  if (person.has(code)) refuse({ reason: 'auth', kind: 'person' });
  if (final.has(code)) refuse({ reason: 'invalid', kind: 'final' });
  refuse({ reason: 'server', kind: 'passing' });
}
