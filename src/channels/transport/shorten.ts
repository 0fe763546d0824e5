// Leaves out parts of a message until it fits into what a receiver takes.

import { counted } from '../../model/display-value.ts';
import type { Message, MessageSection } from '../../model/message.ts';
import { bytesOf, fitted } from './fit.ts';

/** How much of a message is shown. Numbers count sections from the first, which is the most important. */
interface Detail {
  /** What they were judged by, which few readers want. */
  readonly judged: number;
  readonly tables: number;
  readonly facts: number;
  readonly sentences: number;
  readonly headlines: number;
  /** The longest note, lead and footer, in bytes. */
  readonly texts: number;
}

/** So many sections are shown in full at most, so that a message stays readable. */
const IN_FULL = 3;
const ALL = Number.POSITIVE_INFINITY;

const DETAILS: readonly Detail[] = [
  { judged: IN_FULL, tables: IN_FULL, facts: IN_FULL, sentences: ALL, headlines: ALL, texts: ALL },
  { judged: 0, tables: 1, facts: IN_FULL, sentences: ALL, headlines: ALL, texts: ALL },
  { judged: 0, tables: 1, facts: 1, sentences: ALL, headlines: ALL, texts: ALL },
  { judged: 0, tables: 1, facts: 1, sentences: IN_FULL, headlines: ALL, texts: ALL },
  { judged: 0, tables: 0, facts: 1, sentences: IN_FULL, headlines: ALL, texts: 1000 },
  { judged: 0, tables: 0, facts: 1, sentences: 1, headlines: 5, texts: 500 },
  { judged: 0, tables: 0, facts: 0, sentences: 1, headlines: 5, texts: 500 },
  { judged: 0, tables: 0, facts: 0, sentences: 0, headlines: 1, texts: 300 },
];
/** A report is read as a whole, and only as long as it must be. */
const DETAILS_OF_REPORTS: readonly Detail[] = [ALL, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((count) => ({
  judged: 0,
  tables: count,
  facts: count,
  sentences: count,
  headlines: count,
  texts: ALL,
}));

/** What fits everywhere: a title and a few words, even if every byte of them needs five. */
const LAST: Detail = { judged: 0, tables: 0, facts: 0, sentences: 0, headlines: 0, texts: 100 };
const LAST_TITLE = 400;

/**
 * The message in as much detail as fits. Figures for experts go first, then tables, facts,
 * sentences, and at last the smaller alerts, which are counted. The
 * barest form is taken as it is: a title of at most 400 bytes.
 */
export function renderWithin<T>(
  message: Message,
  render: (message: Message) => T,
  fits: (rendered: T) => boolean,
): T {
  const details = message.type === 'report' ? [...DETAILS_OF_REPORTS, ...DETAILS] : DETAILS;
  for (const detail of details) {
    const rendered = render(shortened(message, detail));
    if (fits(rendered)) return rendered;
  }
  return render({ ...shortened(message, LAST), title: cut(message.title, LAST_TITLE) });
}

function shortened(message: Message, detail: Detail): Message {
  const { judged, tables, facts, sentences, headlines, texts } = detail;
  const sections = message.sections.slice(0, headlines).map(
    (section, i): MessageSection => ({
      headline: section.headline,
      ...(section.sentence !== undefined && i < sentences && { sentence: section.sentence }),
      facts: i < facts ? section.facts : [],
      ...(section.links !== undefined && i < facts && { links: section.links }),
      tables: i < tables ? section.tables : [],
      ...(section.judged !== undefined && i < judged && { judged: section.judged }),
    }),
  );
  const left = message.sections.length - sections.length;
  const footer = message.footer.join('\n');
  return {
    ...message,
    note: message.note === null ? null : cut(message.note, texts),
    lead: message.lead.length === 0 ? [] : cut(message.lead.join('\n'), texts).split('\n'),
    sections,
    footer: [
      ...(WHOLE.includes(detail)
        ? []
        : [`Shortened to fit here${left === 0 ? '' : `: ${leftOut(left, message)}`}.`]),
      ...(footer === '' ? [] : cut(footer, texts).split('\n')),
    ],
  };
}

/** Those that leave out nothing that is worth a word. */
const WHOLE: readonly (Detail | undefined)[] = [DETAILS[0], DETAILS_OF_REPORTS[0]];

function leftOut(count: number, { type }: Message): string {
  return `${counted(count, type === 'report' ? 'part' : 'alert')} left out`;
}

function cut(text: string, longest: number): string {
  return fitted(text, longest, (part) => part, bytesOf);
}
