import { expect, it } from 'vitest';
import { displayWidth } from '../../src/model/display-text.ts';
import { cutToWidth, fittedTable } from '../../src/model/fitted-table.ts';

const COLUMNS = [
  { head: 'rule', least: 6 },
  { head: 'cost', align: 'right' },
  { head: 'group', least: 6 },
] as const;
const ROWS = [
  ['a-rule-with-a-long-name', '$1,234,567.89', '名前名前名前名前名前名前'],
  ['short', { text: '$1', paint: (text: string) => `<${text}>` }, ''],
];

it('is as wide as its content where there is room, and a painted cell is aligned by its text', () => {
  expect(fittedTable(COLUMNS, ROWS, Number.POSITIVE_INFINITY)).toBe(
    `rule                              cost  group
a-rule-with-a-long-name  $1,234,567.89  名前名前名前名前名前名前
short                               <$1>`,
  );
});

it.each([40, 50, 60])('fits %i columns by cutting names, the widest first, and never a number', (width) => {
  const lines = fittedTable(
    COLUMNS,
    [...ROWS, '  a line of its own that is too long for any narrow terminal that there is'],
    width,
  ).split('\n');
  for (const line of lines) expect(displayWidth(line.replace(/[<>]/g, ''))).toBeLessThanOrEqual(width);
  expect(lines[1]).toContain('$1,234,567.89');
  expect(lines[1]).toContain('…');
  expect(lines.at(-1)).toMatch(/^ {2}a line .*…$/);
});

it('keeps the least width of each column where nothing else can give', () => {
  const [, row = ''] = fittedTable(COLUMNS, ROWS, 10).split('\n');
  expect(row).toBe('a-rul…  $1,234,567.89  名前…');
});

it('cuts a text to columns of a terminal, not to characters', () => {
  expect(cutToWidth('名前名前', 8)).toBe('名前名前');
  expect(cutToWidth('名前名前', 6)).toBe('名前…');
});

it('a name that reads from right to left stays apart from what follows where it is cut', () => {
  expect(cutToWidth('\u2068\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd\u2069 12', 6)).toBe(
    '\u2068\u05e9\u05dc\u05d5\u05dd…\u2069',
  );
  expect(cutToWidth('\u2068\u05e9\u05dc\u05d5\u05dd\u2069 and more', 8)).toBe(
    '\u2068\u05e9\u05dc\u05d5\u05dd\u2069 an…',
  );
});
