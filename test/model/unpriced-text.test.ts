import { expect, it } from 'vitest';
import { unpricedNote } from '../../src/model/unpriced-note.ts';
import { priceCure } from '../../src/model/unpriced-text.ts';

const PLACE = 'audit.columns.cost (column "cost")';

it('calls without a price are cured by the price list where no cost is recorded', () => {
  expect(priceCure({ calls: 9, unreadable: null })).toBe(
    'give each a price in prices.yaml (audit.prices), 0 where it is free',
  );
});

it('costs that are no numbers are cured by the column, and never by the price list', () => {
  const cure = priceCure({ calls: 9, unreadable: { calls: 9, place: PLACE } });
  expect(cure).toContain(`${PLACE} is no number in any of them: map a column of numbers`);
  expect(cure).not.toContain('prices.yaml');
});

it('calls of both kinds have both cures', () => {
  const cure = priceCure({ calls: 9, unreadable: { calls: 4, place: PLACE } });
  expect(cure).toMatch(
    /is no number in 4 of them: map a column.*; give each of the others a price in prices\.yaml/,
  );
});

it('the health message has the cure of its calls', () => {
  const day = { calls: 9, tokens: 0, unpricedCalls: 9, unpricedTokens: 0, models: [], mustNotify: true };
  const window = { from: 0, to: 3_600_000 };
  const leadOf = (unreadableCalls: number): string =>
    unpricedNote({ ...day, unreadableCalls }, window, 'UTC', PLACE).lead.join(' ');
  expect(leadOf(0)).toContain('prices.yaml');
  expect(leadOf(9)).toContain(`What to do: ${PLACE} is no number`);
  expect(leadOf(9)).not.toContain('prices.yaml');
});
