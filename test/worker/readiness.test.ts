import { describe, expect, test } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { AppError } from '../../src/model/errors.ts';
import { whyNotReady } from '../../src/worker/readiness.ts';

const EVERY_MINUTE = cronSchedule('* * * * *', 'UTC');
const STANDS_BY = { leads: false, lastGood: null, lastError: 'no poll has ended yet' };
const answered = async () => null;
const silent = () => Promise.reject(new AppError('no_answer', 'it did not answer within 3 s'));

describe('a worker that stands by', () => {
  test('asks both questions at once, so that both have been answered within the limit of one', async () => {
    let isAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    // The store is slow: it answers the first question when the second one has come.
    const why = await whyNotReady(EVERY_MINUTE, STANDS_BY, {
      queueLengths: () => asked,
      async leaderNotReady() {
        isAsked();
        return 'the worker that leads is behind';
      },
    });
    expect(why).toBe('the worker that leads is behind');
  });

  test('is ready without a poll of its own while somebody polls', async () => {
    const state = { queueLengths: answered, leaderNotReady: answered };
    expect(await whyNotReady(EVERY_MINUTE, STANDS_BY, state)).toBeNull();
  });

  test.for([
    { queueLengths: silent, leaderNotReady: answered },
    { queueLengths: answered, leaderNotReady: silent },
    { queueLengths: silent, leaderNotReady: silent },
  ])('is not ready where one of them is not answered (%#)', async (state) => {
    expect(await whyNotReady(EVERY_MINUTE, STANDS_BY, state)).toBe(
      'the state store cannot be used: it did not answer within 3 s',
    );
  });
});

test('a worker that polls is ready by its own polls, and does not ask about another', async () => {
  const state = { queueLengths: answered, leaderNotReady: silent };
  const polled = { leads: true, lastGood: Date.now(), lastError: null };
  expect(await whyNotReady(EVERY_MINUTE, polled, state)).toBeNull();
  const failed = { ...polled, lastError: 'no such table' };
  expect(await whyNotReady(EVERY_MINUTE, failed, state)).toBe('the last poll failed: no such table');
});
