// Messages about spendwatch itself: drill, outage, recovery, undelivered messages.

import { displayText } from './display-text.ts';
import { durationText, localSpan, localTime } from './display-time.ts';
import { counted } from './display-value.ts';
import type { FailureKind, FailureReason } from './errors.ts';
import { asOf } from './incident-message.ts';
import { RawJson } from './json.ts';
import { type Message, type MessageType, NO_ALERTS } from './message.ts';
import { messageJson } from './message-json.ts';
import { plainBody } from './plain-text.ts';
import type { Severity } from './rule.ts';
import { isoInstant } from './window.ts';

const LONGEST_REASON = 300;

interface MessageTime {
  /** ms since the epoch. */
  readonly at: number;
  readonly zone: string;
  /** When the message was made, ms. */
  readonly timestamp: number;
}

interface Outage extends MessageTime {
  readonly dataAsOf: number | null;
  /** Since when spendwatch has not seen the store's rows, or could not judge its rules, ms. */
  readonly since: number;
}

/** The message that `test-channel` sends. It must not be taken for an alert. */
export function drillMessage({
  channel,
  at,
  zone,
  timestamp,
}: MessageTime & { readonly channel: string }): Message {
  const name = displayText(channel);
  return {
    ...frame('drill', 'info', timestamp, `[DRILL] spendwatch test of channel ${name}: nothing is wrong`),
    lead: [
      'This is a drill. Somebody ran spendwatch test-channel to see whether messages arrive here; they do.',
      'No rule fires and nothing needs to be done.',
    ],
    footer: [`Sent ${localTime(at, zone)}.`],
    json: messageJson('drill', timestamp, {
      channel,
      message: 'This is a drill. Nothing needs to be done.',
      at: isoInstant(at),
    }),
  };
}

/**
 * Rules are not watched: polls fail, or the store's newest row is too old. `reason` is a sentence for people, without a
 * secret.
 */
export function outageMessage({ reason, ...outage }: Outage & { readonly reason: string }): Message {
  const { at, since, zone, dataAsOf } = outage;
  const shown = displayText(reason, LONGEST_REASON);
  return {
    ...frame(
      'health.blind',
      'critical',
      outage.timestamp,
      `[CRITICAL] spendwatch cannot see: ${displayText(reason, 120)}`,
    ),
    lead: ['Until this is put right, spend is not watched and no alert can be raised.'],
    sections: [
      {
        headline: '',
        facts: [
          ['Reason', shown],
          ['Since', `${localTime(since, zone)} (for ${durationText(Math.max(0, at - since))})`],
        ],
        tables: [],
      },
    ],
    footer: [
      'Alerts from the meantime are sent when spendwatch can see again, up to 24 hours back.',
      // A store that could not be read may well have rows.
      dataAsOf === null ? 'Data as of: not known, no row has been seen yet.' : asOf(outage),
    ],
    json: messageJson('health.blind', outage.timestamp, {
      reason,
      since: isoInstant(since),
      at: isoInstant(at),
      data_as_of: dataAsOf === null ? null : isoInstant(dataAsOf),
    }),
  };
}

/** The end of an outage that was notified. */
export function recoveredMessage(outage: Outage): Message {
  const { at, since, zone, dataAsOf } = outage;
  const gap = durationText(Math.max(0, at - since));
  return {
    ...frame('health.sees', 'info', outage.timestamp, `[OK] spendwatch can see again after ${gap}`),
    lead: [`It could not see from ${localSpan(since, at, zone)}.`],
    footer: ['Alerts from the meantime are sent in separate messages.', asOf(outage)],
    json: messageJson('health.sees', outage.timestamp, {
      since: isoInstant(since),
      at: isoInstant(at),
      data_as_of: dataAsOf === null ? null : isoInstant(dataAsOf),
    }),
  };
}

/** A delivery that failed on another channel. */
export interface ChannelReport extends MessageTime {
  readonly channel: string;
  /** The receiver's answer or the network's error, for people, without a secret. */
  readonly detail: string;
  readonly reason: FailureReason;
  readonly kind: FailureKind;
  readonly attempts: number;
  readonly firstTriedAt: number;
  readonly original: Message;
}

/** What becomes of the delivery after each kind of failure (docs/channels.md). */
const NEXT: Readonly<Record<FailureKind, string>> = {
  passing: 'It is tried again for a day.',
  person: 'Somebody must put this right; until then it is tried again for a day.',
  final: 'It is not tried again.',
};

/** The report, on one channel, of what another could not deliver; it carries the alert's own text. */
export function channelReportMessage(report: ChannelReport): Message {
  const { original, zone, at } = report;
  const channel = displayText(report.channel);
  const detail = displayText(report.detail, LONGEST_REASON);
  const tries = counted(report.attempts, 'attempt');
  return {
    ...frame(
      'health.channel',
      original.severity,
      report.timestamp,
      `Not delivered on ${channel}: ${original.title}`,
    ),
    rule: original.rule,
    lead: [
      `Channel ${channel} could not deliver the message below: ${detail} (${report.reason}).`,
      `${tries} since ${localTime(report.firstTriedAt, zone)}. ${NEXT[report.kind]}`,
      ...original.lead,
      ...(original.note === null ? [] : [original.note]),
    ],
    sections: original.sections,
    incident: original.incident,
    footer: [...original.footer, `Reported ${localTime(at, zone)}.`],
    json: messageJson('health.channel', report.timestamp, {
      channel: report.channel,
      reason: report.reason,
      detail: report.detail,
      kind: report.kind,
      attempts: report.attempts,
      first_tried_at: isoInstant(report.firstTriedAt),
      at: isoInstant(at),
      title: original.title,
      text: plainBody(original),
      original: new RawJson(original.json),
    }),
  };
}

function frame(
  type: MessageType,
  severity: Severity,
  timestamp: number,
  title: string,
): Omit<Message, 'json'> {
  return {
    type,
    severity,
    rule: null,
    timestamp,
    title,
    note: null,
    lead: [],
    sections: [],
    footer: [],
    ...NO_ALERTS,
  };
}
