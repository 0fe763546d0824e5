// A message as one text in the markup of a chat.

import {
  type Fact,
  JUDGED_TITLE,
  type Message,
  type MessageSection,
  type MessageTable,
} from '../../model/message.ts';

/** How a chat writes what a message consists of. */
export interface ChatMarkup {
  /** Data, shown as it is: no markup, mention or link. It may have line breaks. */
  literal(text: string): string;
  /** Bold text, of text that is literal already. */
  bold(literal: string): string;
  /** Lines below each other that belong together, already with markup. */
  lines(lines: readonly string[]): string;
  table(table: MessageTable): string;
}

/** The message without its title: lead, note, sections and footer, a blank line apart. */
export function chatText(message: Message, markup: ChatMarkup): string {
  const { literal, bold, lines } = markup;
  const blocks = [
    ...(message.lead.length === 0 ? [] : [message.lead.map(literal).join('\n')]),
    ...(message.note === null ? [] : [bold(literal(message.note))]),
    ...message.sections.flatMap((section) => sectionBlocks(section, markup)),
    ...(message.footer.length === 0 ? [] : [lines(message.footer.map(literal))]),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function sectionBlocks(
  { headline, sentence = '', facts, tables, judged = [] }: MessageSection,
  markup: ChatMarkup,
): string[] {
  const { literal, bold, lines, table } = markup;
  const shown = facts.map(([label, value]) => `${bold(literal(label))} ${literal(value)}`);
  const top = [
    headline === '' ? '' : bold(literal(headline)),
    literal(sentence),
    shown.length === 0 ? '' : lines(shown),
  ];
  return [
    top.filter((part) => part !== '').join('\n'),
    ...tables.map(table),
    judged.length === 0 ? '' : literal(judgedLine(judged)),
  ];
}

/** What an alert was judged by, in one line: few readers want it. */
export function judgedLine(judged: readonly Fact[]): string {
  return `${JUDGED_TITLE}: ${judged.map(([label, value]) => `${label} ${value}`).join('; ')}.`;
}

/**
 * The rows of a table as lines, for chats without a fixed width: `gpt-4.1: spend $300.10, calls 890,000, share 96%`. The
 * first line names what the rows are.
 */
export function tableLines({ title, columns, rows }: MessageTable): [title: string, ...rows: string[]] {
  const [, ...headings] = columns;
  const line = ([key = '', ...cells]: readonly string[]): string =>
    `${key}: ${cells.map((cell, i) => `${headings[i]} ${cell}`).join(', ')}`;
  return [title, ...rows.map(line)];
}
