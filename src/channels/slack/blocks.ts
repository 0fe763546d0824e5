// A message as Block Kit and as plain text, within Slack's limits.

import type { MessageLink } from '../../model/link.ts';
import {
  type Fact,
  JUDGED_TITLE,
  type Message,
  type MessageSection,
  type MessageTable,
} from '../../model/message.ts';
import { plainBody, tableText } from '../../model/plain-text.ts';
import { fitted } from '../transport/fit.ts';
import { renderWithin } from '../transport/shorten.ts';

/** Slack's limits, in characters after escaping; a message over one of them is refused whole. */
const MOST_BLOCKS = 50;
/** Slack documents no limit of all blocks together, and refuses them from about 13,200 characters of JSON on. */
const ALL_BLOCKS = 12_500;
const HEADER = 150;
const SECTION = 3000;
const FIELDS = 10;
const FIELD = 1900;
const HEADLINE = 900;
const TEXT = 3500;
/** So many alerts are shown in full. The others keep their headline and sentence, so that the post stays readable. */
const IN_FULL = 3;

type Block = Readonly<Record<string, unknown>>;

/** A post to Slack. `text` is what notifications show. */
export interface SlackPost {
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly metadata: {
    readonly event_type: 'spendwatch_alert';
    readonly event_payload: { readonly delivery_id: string };
  };
}

/** Pure. The metadata has the delivery's id, so that the post can be found again. */
export function renderSlack(message: Message, id: string): SlackPost {
  return {
    text: escaped(message.title),
    blocks:
      message.type === 'report' ? reportBlocks(message) : blocksOf(message, IN_FULL).slice(0, MOST_BLOCKS),
    metadata: { event_type: 'spendwatch_alert', event_payload: { delivery_id: id } },
  };
}

/** A report is shown in full, as far as Slack takes it. */
function reportBlocks(message: Message): readonly Block[] {
  return renderWithin(
    message,
    (shown) => blocksOf(shown, shown.sections.length),
    (blocks) => blocks.length <= MOST_BLOCKS && JSON.stringify(blocks).length <= ALL_BLOCKS,
  );
}

function blocksOf(message: Message, inFull: number): readonly Block[] {
  return [
    {
      type: 'header',
      text: { type: 'plain_text', text: fitted(message.title, HEADER, escaped), emoji: false },
    },
    ...(message.lead.length === 0 ? [] : [section(fitted(message.lead.join('\n'), SECTION, literal))]),
    ...(message.note === null ? [] : [section(fitted(message.note, SECTION, quoted))]),
    ...message.sections.flatMap((one, i) => sectionBlocks(one, i < inFull, i > 0)),
    ...(message.footer.length === 0 ? [] : [context(message.footer.join('\n'))]),
  ];
}

/** The message without blocks: the title, then the rest in a code block, where the columns of tables line up. */
export function plainSlackText(message: Message): string {
  const title = escaped(message.title);
  return `${title}\n${preformatted(plainBody(message), Math.max(TEXT - title.length, 200))}`;
}

/** Slack's escape for text, so that `<!channel>` in data notifies nobody. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function sectionBlocks(
  { headline, sentence = '', facts, links = [], tables, judged = [] }: MessageSection,
  inFull: boolean,
  parted: boolean,
): Block[] {
  const fields = (inFull ? facts : []).map(([label, value]) =>
    mrkdwn(`*${literal(label)}*\n${fitted(value, FIELD, literal)}`),
  );
  const texts = [
    ...(headline === '' ? [] : [`*${fitted(headline, HEADLINE, literal)}*`]),
    ...(sentence === '' ? [] : [fitted(sentence, FIELD, literal)]),
  ];
  const begin = texts.length === 0 ? {} : { text: mrkdwn(texts.join('\n')) };
  return [
    ...(parted ? [{ type: 'divider' }] : []),
    ...fieldSections(begin, fields),
    ...(inFull && links.length > 0 ? [section(linksText(links))] : []),
    ...(inFull && tables.length > 0 ? [tableSection(tables)] : []),
    ...(inFull && judged.length > 0 ? [context(judgedText(judged))] : []),
  ];
}

/** As many blocks as the fields need; the first one begins with the text. */
function fieldSections(begin: Block, fields: readonly Block[]): Block[] {
  const first = { type: 'section', ...begin, ...(fields.length > 0 && { fields: fields.slice(0, FIELDS) }) };
  const more = [];
  for (let from = FIELDS; from < fields.length; from += FIELDS)
    more.push({ type: 'section', fields: fields.slice(from, from + FIELDS) });
  return Object.keys(first).length === 1 ? more : [first, ...more];
}

function linksText(links: readonly MessageLink[]): string {
  const all = links.map(
    ({ label, url }) => `<${linkTarget(url)}|${literal(label).replaceAll('|', '\u2758')}>`,
  );
  // As many as fit: a URL that is cut leads elsewhere.
  return all.filter((_, i) => all.slice(0, i + 1).join(' · ').length <= SECTION).join(' · ');
}

/** A URL within `<…|…>`. */
function linkTarget(url: string): string {
  return escaped(url).replaceAll('|', '%7C');
}

/** In one small line: few readers want it. */
function judgedText(judged: readonly Fact[]): string {
  return `${JUDGED_TITLE}: ${judged.map(([label, value]) => `${label} ${value}`).join('; ')}.`;
}

function tableSection(tables: readonly MessageTable[]): Block {
  return section(preformatted(tables.map((table) => tableText(table)).join('\n\n'), SECTION));
}

function preformatted(text: string, longest: number): string {
  return `\`\`\`\n${fitted(text.trimEnd(), longest - 10, inCode)}\n\`\`\``;
}

function quoted(text: string): string {
  const lines = literal(text).split('\n');
  return lines.map((line) => `> ${line}`).join('\n');
}

function section(text: string): Block {
  return { type: 'section', text: mrkdwn(text) };
}

function context(text: string): Block {
  return { type: 'context', elements: [mrkdwn(fitted(text, FIELD, literal))] };
}

/** With `verbatim`, Slack makes no links and mentions of plain text. */
function mrkdwn(text: string): Block {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** Data within markup. Characters that would make bold, struck or code text become look-alikes. */
function literal(text: string): string {
  return inCode(text).replaceAll('*', '\u2217').replaceAll('~', '\u223c');
}

/** Backticks would end a block of code early; a look-alike keeps the name readable. */
function inCode(text: string): string {
  return escaped(text).replaceAll('`', '\u02cb');
}
