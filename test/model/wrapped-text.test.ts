import { expect, it } from 'vitest';
import { wrapped, wrappedSentences } from '../../src/model/wrapped-text.ts';

it('a line that is too wide goes on below, as far in as it begins, and loses no word', () => {
  expect(wrapped('  one two three four', 12)).toEqual(['  one two', '    three', '    four']);
  expect(wrapped('short', 12)).toEqual(['short']);
  expect(wrapped('', 12)).toEqual(['']);
  expect(wrapped('spent 12 % more', 8)).toEqual(['spent', '  12 %', '  more']);
  // A column of a table is not a gap between words.
  expect(wrapped('  model      spend  calls', 40)).toEqual(['  model      spend  calls']);
});

it('colours have no width', () => {
  const red = `\u001b[31m${'a'.repeat(8)}\u001b[39m`;
  expect(wrapped(`${red} bb`, 11)).toEqual([`${red} bb`]);
});

it('sentences are wrapped, also painted ones, and the rows of a table are not', () => {
  const row = 'hourly-burn    critical  search  $182.59';
  const text = `CRITICAL as of now (newest row 9 s ago)\n\n${row}\n  by user: reindex-job $1 (2 calls), anna $2 (1 call)`;
  expect(wrappedSentences(text, 30).split('\n')).toEqual([
    'CRITICAL as of now (newest row',
    '  9 s ago)',
    '',
    row,
    '  by user: reindex-job $1 (2',
    '    calls), anna $2 (1 call)',
  ]);
  const painted = `${row.slice(0, 15)}\u001b[31mcritical\u001b[39m  search`;
  expect(wrappedSentences(painted, 20)).toBe(painted);
});
