import { describe, expect, test } from 'vitest';
import { fitted } from '../../src/channels/transport/fit.ts';
import { renderWithin } from '../../src/channels/transport/shorten.ts';
import { hostileMessage } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const many = SAMPLES['alert-many'];
if (many === undefined) throw new Error('no such sample');

const sizeOf = (message: object): number => Buffer.byteLength(JSON.stringify(message));
const within = (longest: number, message = many) =>
  renderWithin(
    message,
    ({ title, note, lead, sections, footer }) => ({ title, note, lead, sections, footer }),
    (one) => sizeOf(one) <= longest,
  );

describe('a message that must be short', () => {
  test('has all of its alerts and three in full where that fits', () => {
    const { sections, footer } = within(100_000);
    expect(sections).toHaveLength(10);
    expect(sections.map(({ facts }) => facts.length > 1)).toEqual(sections.map((_, i) => i < 3));
    expect(footer).toEqual(many.footer);
  });

  test('loses tables first, then facts, then its smaller alerts, which it counts', () => {
    const sizes = [3500, 2500, 1800, 1000].map((longest) => within(longest));
    const tables = sizes.map(({ sections }) => sections.flatMap((one) => one.tables).length);
    expect(tables).toEqual([...tables].sort((a, b) => b - a));
    const last = sizes.at(-1);
    expect(last?.sections.length).toBeLessThan(10);
    expect(last?.footer[0]).toMatch(/^Shortened to fit here: \d+ alerts left out\.$/);
    expect(last?.footer.at(-1)).toContain('Data as of');
  });

  test.each([3000, 1500, 900])('of hostile names keeps within %i bytes', (longest) => {
    expect(sizeOf(within(longest, hostileMessage()))).toBeLessThanOrEqual(longest);
  });

  test('has a title in any case', () => {
    expect(within(10).title).toMatch(/^\[CRITICAL\] hourly-burn/);
  });
});

describe('a text that must be short', () => {
  const escaped = (text: string): string => text.replaceAll('&', '&amp;');

  test.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['a&b', 5, 'a…'],
    ['a&b', 7, 'a&amp;b'],
    ['👨‍👩‍👧x', 4, '…'],
  ])('%s within %i is %s', (text, longest, expected) => {
    expect(fitted(text, longest, escaped)).toBe(expected);
  });
});
