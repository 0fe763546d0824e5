// Turns a message into plain text.

import { displayWidth } from './display-text.ts';
import { largestOf } from './extremes.ts';
import type { MessageLink } from './link.ts';
import { type Fact, JUDGED_TITLE, type Message, type MessageSection, type MessageTable } from './message.ts';

/** A message without its title, as plain text for a fixed width. */
export function plainBody(message: Message): string {
  const parts = [
    message.lead.join('\n'),
    message.note,
    ...message.sections.map(sectionText),
    message.footer.join('\n'),
  ];
  return `${parts.filter((part) => part !== null && part !== '').join('\n\n')}\n`;
}

/** A message with its title, for channels that show no title of their own. */
export function plainText(message: Message): string {
  return `${message.title}\n\n${plainBody(message)}`;
}

function sectionText({
  headline,
  sentence = '',
  facts,
  links = [],
  tables,
  judged = [],
}: MessageSection): string {
  const underlined = headline === '' ? [] : [headline, '-'.repeat(Math.min(displayWidth(headline), 72))];
  const parts = [
    [
      ...underlined,
      ...(sentence === '' ? [] : [sentence, '']),
      ...factLines([...facts, ...linkFacts(links)]),
    ].join('\n'),
    ...tables.map(tableText),
    ...(judged.length === 0 ? [] : [[`${JUDGED_TITLE}:`, ...factLines(judged)].join('\n')]),
  ];
  return parts.join('\n\n');
}

/** A mail program makes links of these. */
function linkFacts(links: readonly MessageLink[]): Fact[] {
  return links.map(({ label, url }) => [label, url]);
}

function factLines(facts: readonly Fact[]): string[] {
  const width = largestOf(
    facts.map(([label]) => label.length),
    0,
  );
  return facts.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
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
