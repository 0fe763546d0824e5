// Turns a message into plain text.

import { displayWidth } from './display-text.ts';
import { largestOf } from './extremes.ts';
import type { Message, MessageSection, MessageTable } from './message.ts';

/** A message without its title, as plain text for a fixed width. */
export function plainBody(message: Message): string {
  const parts = [
    message.note,
    message.lead.join('\n'),
    ...message.sections.map(sectionText),
    message.footer.join('\n'),
  ];
  return `${parts.filter((part) => part !== null && part !== '').join('\n\n')}\n`;
}

/** A message with its title, for channels that show no title of their own. */
export function plainText(message: Message): string {
  return `${message.title}\n\n${plainBody(message)}`;
}

function sectionText({ headline, facts, tables }: MessageSection): string {
  const width = largestOf(
    facts.map(([label]) => label.length),
    0,
  );
  const underlined = headline === '' ? [] : [headline, '-'.repeat(Math.min(displayWidth(headline), 72))];
  const lines = facts.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
  return [[...underlined, ...lines].join('\n'), ...tables.map(tableText)].join('\n\n');
}

/** A table in a fixed width. The first column is text, aligned left; the others are numbers, aligned right. */
export function tableText({ columns, rows }: MessageTable): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, i) => largestOf(all.map((row) => displayWidth(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => {
        const padding = ' '.repeat((widths[i] ?? 0) - displayWidth(cell));
        return i === 0 ? cell + padding : padding + cell;
      })
      .join('  ')
      .trimEnd();
  return all.map((row) => `  ${line(row)}`).join('\n');
}
