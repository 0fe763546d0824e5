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
  /** One line of data, shown as it is: no markup, mention or link. */
  literal(text: string): string;
  /** Bold text, of text that is literal already. */
  bold(literal: string): string;
  /** A link of the rule's author; the label is literal already. */
  link(label: string, url: string): string;
  /** Lines below each other that belong together, already with markup. */
  lines(lines: readonly string[]): string;
  table(table: MessageTable): string;
}

/** The message without its title: lead, note, sections and footer, a blank line apart. */
export function chatText(message: Message, markup: ChatMarkup): string {
  const { literal, lines } = markup;
  const blocks = [
    lines(message.lead.map(literal)),
    message.note === null ? '' : lines(message.note.split('\n').map((line) => boldUnlessEmpty(line, markup))),
    ...message.sections.flatMap((section) => sectionBlocks(section, markup)),
    lines(message.footer.map(literal)),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function sectionBlocks(
  { headline, sentence = '', facts, links = [], tables, judged = [] }: MessageSection,
  markup: ChatMarkup,
): string[] {
  const { literal, bold, link, lines, table } = markup;
  const shown = facts.map(([label, value]) => `${bold(literal(label))} ${literal(value)}`);
  const linked = links.map(({ label, url }) => link(literal(label), url)).join(' · ');
  const top = [boldUnlessEmpty(headline, markup), literal(sentence), ...shown, linked];
  return [
    lines(top.filter((part) => part !== '')),
    ...tables.map(table),
    judged.length === 0 ? '' : literal(judgedLine(judged)),
  ];
}

function boldUnlessEmpty(text: string, { bold, literal }: ChatMarkup): string {
  return text === '' ? '' : bold(literal(text));
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

/** A link in Markdown. What would end it early is percent-encoded, but for the host. */
export function markdownLink(label: string, url: string): string {
  const { origin } = new URL(url);
  const rest = url.slice(origin.length).replace(/[()[\]<>\\|`]/g, (one) => {
    return `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `[${label}](${origin}${rest})`;
}
