// Turns a message into plain text.

import { displayWidth } from './display-text.ts';
import { largestOf } from './extremes.ts';
import { type Column, fittedTable } from './fitted-table.ts';
import type { MessageLink } from './link.ts';
import { type Fact, JUDGED_TITLE, type Message, type MessageSection, type MessageTable } from './message.ts';
import { wrapped } from './wrapped-text.ts';

/**
 * A message without its title, as plain text for a fixed-width font. Sentences are one line each and tables as wide as they
 * are, unless `width` says how many columns there are.
 */
export function plainBody(message: Message, width = Number.POSITIVE_INFINITY): string {
  const parts = [
    linesOf(message.lead, width),
    message.note,
    ...message.sections.map((section) => sectionText(section, width)),
    linesOf(message.footer, width),
  ];
  return `${parts.filter((part) => part !== null && part !== '').join('\n\n')}\n`;
}

/** A message with its title, for channels that show no title of their own. */
export function plainText(message: Message, width = Number.POSITIVE_INFINITY): string {
  return `${linesOf([message.title], width)}\n\n${plainBody(message, width)}`;
}

function linesOf(sentences: readonly string[], width: number): string {
  return sentences.flatMap((sentence) => wrapped(sentence, width)).join('\n');
}

function sectionText(
  { headline, sentence = '', facts, links = [], tables, judged = [] }: MessageSection,
  width: number,
): string {
  const underlined = headline === '' ? [] : [headline, '-'.repeat(Math.min(displayWidth(headline), 72))];
  const shown = [...facts, ...linkFacts(links)];
  const parts = [
    [
      ...underlined,
      ...(sentence === '' ? [] : [linesOf([sentence], width)]),
      ...(sentence === '' || shown.length === 0 ? [] : ['']),
      ...factLines(shown, width),
    ].join('\n'),
    ...tables.map((table) => tableText(table, { width, hasBars: true })),
    ...(judged.length === 0 ? [] : [[`${JUDGED_TITLE}:`, ...factLines(judged, width)].join('\n')]),
  ];
  return parts.join('\n\n');
}

/** A mail program makes links of these. */
function linkFacts(links: readonly MessageLink[]): Fact[] {
  return links.map(({ label, url }) => [label, url]);
}

function factLines(facts: readonly Fact[], width: number): string[] {
  const widest = largestOf(
    facts.map(([label]) => displayWidth(label)),
    0,
  );
  const indent = ' '.repeat(widest > width / 3 ? 6 : widest + 4);
  return facts.flatMap(([label, value]) => {
    const [first = '', ...more] = wrapped(value, width - indent.length);
    // Beside a long label a value would have no room.
    if (widest > width / 3)
      return [`  ${label}`, ...[first, ...more].map((line) => `${indent}${line.trimStart()}`)];
    return [
      `  ${label}${' '.repeat(widest - displayWidth(label))}  ${first}`,
      ...more.map((line) => `${indent}${line.trimStart()}`),
    ];
  });
}

/** What a table is fitted to. */
interface TableForm {
  readonly width?: number;
  /** Whether rows have their bars. */
  readonly hasBars?: boolean;
}

/** A table in a fixed width. The first column is text, aligned left; the others are numbers, aligned right. */
export function tableText(
  { columns, rows, bars = [] }: MessageTable,
  { width = Number.POSITIVE_INFINITY, hasBars = false }: TableForm = {},
): string {
  const shown = hasBars && bars.length > 0;
  const heads = columns.map(
    (head, i): Column => (i === 0 ? { head, least: LEAST_NAME } : { head, align: 'right' }),
  );
  const text = fittedTable(
    [...heads, ...(shown ? [{ head: '' }] : [])],
    rows.map((row, i) => (shown ? [...row, barText(bars[i] ?? 0)] : row)),
    width - INDENT.length,
  );
  return text
    .split('\n')
    .map((line) => `${INDENT}${line}`)
    .join('\n');
}

const INDENT = '  ';
const LEAST_NAME = 12;
const LONGEST_BAR = 12;

/** Only nothing has no bar. */
function barText(part: number): string {
  return part <= 0 ? '' : '\u2588'.repeat(Math.max(1, Math.round(part * LONGEST_BAR)));
}
