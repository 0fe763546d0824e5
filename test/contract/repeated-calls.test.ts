import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluateOnce } from '../../src/check/check.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { formatFixed } from '../../src/model/money.ts';
import { AT, checkOf, HOUR, MINUTE } from '../check/check-parts.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

let calls: CallStore;

beforeAll(async () => {
  calls = await openCallStore();
  const minute = AT - 2 * MINUTE;
  const same = { user: null, session: null, model: 'm', input_tokens: 10, endpoint: 'e' };
  await calls.log(
    // Of the two at the same time the dearer is the first.
    { ...same, at: minute, cost: '1', endpoint: 'x' },
    { ...same, at: minute, cost: '5' },
    { ...same, at: minute + 30_000, cost: '20' },
    { ...same, at: minute + 59_999, cost: '300', endpoint: 'x' },
    // Another in one thing, or another minute.
    { ...same, at: minute + MINUTE, cost: '7' },
    { ...same, at: minute + 1_000, cost: '7', service: 'chat' },
    { ...same, at: minute + 1_000, cost: '7', user: '' },
    { ...same, at: minute + 1_000, cost: '7', session: 's' },
    { ...same, at: minute + 1_000, cost: '7', model: 'n' },
    { ...same, at: minute + 1_000, cost: '7', input_tokens: 11 },
    // Without an input size, which this table has as 0.
    { ...same, at: minute + 2_000, cost: '7', input_tokens: null },
    { ...same, at: minute + 2_000, cost: '7', input_tokens: null },
    // In the minute before the window begins, and in a minute that is not over.
    { ...same, at: AT - HOUR - 1, cost: '7' },
    { ...same, at: AT - HOUR, cost: '7' },
    { ...same, at: AT + 1_000, cost: '7' },
    { ...same, at: AT + 2_000, cost: '7' },
  );
});

afterAll(() => calls?.stop());

async function valuesAt(at: number, keys: Record<string, unknown>): Promise<string[]> {
  const rules = ['repeated_calls', 'repeated_spend'].map((metric) =>
    ruleOf('threshold', { name: metric, metric, threshold: 0, ...keys }),
  );
  const parts = checkOf(calls, rules, { schedule: cronSchedule('*/10 * * * * *', 'UTC') });
  const { rules: checked } = await evaluateOnce(parts, at);
  return checked.flatMap(({ observed, error }) =>
    error === null
      ? [...observed].map(({ key, value }) => [...key, formatFixed(value.fixed, 2)].join(' ')).sort()
      : [error],
  );
}

it('are those after the first of their minute', async () => {
  expect(await valuesAt(AT, {})).toEqual(['3', '321']);
});

it('belong to the groups that they are in, also where the first is in another', async () => {
  const groups = ['e 1', 'x 2', 'e 20', 'x 301'];
  expect(await valuesAt(AT, { group_by: ['endpoint'] })).toEqual(groups);
  expect(await valuesAt(AT, { group_by: ['endpoint'], where: { endpoint: 'x' } })).toEqual(['x 2', 'x 301']);
  expect(await valuesAt(AT, { where: { endpoint: 'x', service: 'search' } })).toEqual(['2', '301']);
});

it('are counted up to the last whole minute, whatever second it is', async () => {
  expect(await valuesAt(AT + 50_000, {})).toEqual(['3', '321']);
  expect(await valuesAt(AT + 50_000, { window: '1m' })).toEqual(['0', '0']);
  expect(await valuesAt(AT + 10_000, { window: '1m', delay: '70s' })).toEqual(['3', '321']);
});
