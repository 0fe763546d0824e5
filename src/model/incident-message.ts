// Turns notices about one incident into a message for people.

import { localTime } from './display-time.ts';
import { displayCount } from './display-value.ts';
import { largestOf } from './extremes.ts';
import type { Message, MessageIncident, MessageSection } from './message.ts';
import { type Notice, sectionOf } from './notice.ts';
import { type Severity, severityOf } from './rule.ts';

/** Alerts that a message shows; the rest are counted. */
export const SHOWN_ALERTS = 10;

/** Sections that have tables. With ten of them, a mail would be longer than what Gmail shows of one (102 kB). */
const WITH_TABLES = 3;

/** What a message tells. Instants in ms; `zone` is an IANA name. */
export interface MessageContent {
  /** At least one. */
  readonly notices: readonly Notice[];
  /** Alerts that are told and not among the notices. */
  readonly more: number;
  readonly incident: MessageIncident | null;
  /** The time of the newest row that was read. */
  readonly dataAsOf: number | null;
  readonly zone: string;
  /** When the message was made. */
  readonly timestamp: number;
  /** What a webhook would carry. */
  readonly json: string;
}

/**
 * One message of all that is new about an incident: the most severe alert first, ten shown, the rest counted. Alerts of the same
 * severity stay in the order given.
 */
export function incidentMessage(content: MessageContent): Message {
  const notices = worstNoticesFirst(content.notices);
  const [worst] = notices;
  if (worst === undefined) throw new RangeError('a message needs an alert');
  const shown = notices.slice(0, SHOWN_ALERTS);
  const more = notices.length - shown.length + content.more;
  const rules = new Set(notices.map(({ rule }) => rule));
  const others = notices.length + content.more - 1;
  const severity = severityOf(worst.step);
  const latest = largestOf(notices.map(({ at = 0 }) => at));
  const sections = shown.map((notice, i) => {
    const section = withTime(sectionOf(notice), notice, latest, content.zone);
    return i < WITH_TABLES ? section : { ...section, tables: [] };
  });
  return {
    type: isEnd(worst) ? 'alert.resolved' : 'alert.firing',
    severity,
    rule: worst.rule,
    timestamp: content.timestamp,
    title: `[${tagOf(worst, severity)}] ${worst.title}${others === 0 ? '' : ` (+${displayCount(others)} more)`}`,
    note: worst.note,
    lead: [
      ...sections.slice(0, 1).flatMap(({ sentence = '' }) => (sentence === '' ? [] : [sentence])),
      ...sharedLines(content),
    ],
    sections: withLinksOnce(sections).map((section, i) => {
      const notice = shown[i] as Notice;
      const named = withNote(rules.size === 1 ? section : withRule(section, notice), notice, worst);
      return i > 0 ? named : withoutLead(named, others === 0);
    }),
    footer: [
      ...(more === 0
        ? []
        : [`And ${displayCount(more)} more${rules.size === 1 ? ', smaller than these' : ''}.`]),
      ...closingLines(content, worst),
      asOf(content),
    ],
    incident: content.incident,
    alerts: shown.map(({ alert }) => alert),
    chart: worst.chart,
    json: content.json,
  };
}

/** What fires, then what is over, then what is silenced, each by severity; otherwise in the order given. */
export function worstNoticesFirst(notices: readonly Notice[]): Notice[] {
  return [...notices].sort((a, b) => rankOf(a) - rankOf(b) || b.step - a.step);
}

function rankOf({ reason }: Notice): number {
  return reason === 'silenced' ? 2 : reason === 'resolved' ? 1 : 0;
}

function tagOf({ reason }: Notice, severity: Severity): string {
  return (reason === 'resolved' || reason === 'silenced' ? reason : severity).toUpperCase();
}

function isEnd({ reason }: Notice): boolean {
  return reason === 'resolved';
}

/** A section that was composed for an earlier poll says so: its last hour is another one. */
function withTime(section: MessageSection, { at }: Notice, latest: number, zone: string): MessageSection {
  if (at === undefined || at === latest) return section;
  return { ...section, headline: `${section.headline}, as of ${localTime(at, zone)}` };
}

/** Where several rules speak, each section says whose it is. */
function withRule(section: MessageSection, { rule }: Notice): MessageSection {
  return { ...section, headline: `${rule}: ${section.headline}` };
}

/** A section has the rule author's text if the message does not. */
function withNote(section: MessageSection, { note }: Notice, worst: Notice): MessageSection {
  if (note === null || note === worst.note) return section;
  const [first, ...facts] = section.facts;
  return { ...section, facts: [...(first === undefined ? [] : [first]), ['Note', note], ...facts] };
}

/** A link that several alerts have is shown with the first of them. */
function withLinksOnce(sections: readonly MessageSection[]): MessageSection[] {
  const seen = new Set<string>();
  return sections.map(({ links = [], ...section }) => {
    const own = links.filter(({ label, url }) => !seen.has(`${label}\n${url}`));
    for (const { label, url } of own) seen.add(`${label}\n${url}`);
    return own.length === 0 ? section : { ...section, links: own };
  });
}

/** The message's lead says the sentence of the worst alert, and its title the headline of a single one. */
function withoutLead({ sentence: _, ...section }: MessageSection, isSingle: boolean): MessageSection {
  return isSingle ? { ...section, headline: '' } : section;
}

/** Where incidents share a message, the first sentence is about one of them. */
function sharedLines({ incident }: MessageContent): string[] {
  const { subject = '', others = 0 } = incident ?? {};
  return others === 0
    ? []
    : [`This message is about ${displayCount(others + 1)} incidents; the worst is about ${subject}.`];
}

function closingLines({ incident }: MessageContent, worst: Notice): string[] {
  if (incident === null) return [];
  const { subject, others = 0 } = incident;
  if (incident.isClosed) {
    return [
      others === 0
        ? `The incident about ${subject} is over.`
        : `The incidents about ${subject} and ${displayCount(others)} more are over.`,
    ];
  }
  if (worst.reason === 'silenced') return [];
  if (isEnd(worst)) return [`The incident about ${subject} goes on.`];
  const it = others === 0 ? 'it' : `the incident about ${subject}`;
  return [`To silence ${it} for two hours: spendwatch silence add incident=${incident.id} --for 2h`];
}

/** The newest row's time, in the words that every message uses. */
export function asOf({ dataAsOf, zone }: Pick<MessageContent, 'dataAsOf' | 'zone'>): string {
  return dataAsOf === null
    ? 'Data as of: the audit store has no rows.'
    : `Data as of ${localTime(dataAsOf, zone)}${zone === 'UTC' ? '' : `; times are those of ${zone}`}.`;
}
