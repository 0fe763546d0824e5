// Sends events to PagerDuty, through its Events API v2.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { contextJson } from '../model/alert-context.ts';
import type { Message, MessageSection } from '../model/message.ts';
import type { Secret } from '../model/secret.ts';
import { secretKey } from '../model/secret-key.ts';
import { isoInstant } from '../model/window.ts';
import type { ChannelType, Envelope, Receipt } from './channel.ts';
import { apiUrlKey } from './transport/api-url.ts';
import { tableLines } from './transport/chat-text.ts';
import { bytesOf, fitted } from './transport/fit.ts';
import {
  type Answer,
  expectSuccess,
  notFrom,
  openPosting,
  type PostingRequest,
  receiptOf,
  refusal,
} from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';

interface PagerdutyOptions {
  readonly type: 'pagerduty';
  readonly routingKey: Secret;
  readonly url: string;
  readonly proxy: Secret | null;
}

/** Limits of an event. Source: developer.pagerduty.com, Events API v2, "Overview" and "PD-CEF". */
const SUMMARY = 1024;
const DEDUP_KEY = 255;
const EVENT_BYTES = 500_000;

interface PagerdutyEvent {
  /** `none`: the message tells of an alert that is over in an incident that is not, or is a report. */
  readonly event_action: 'trigger' | 'resolve' | 'none';
  readonly dedup_key: string;
  readonly client: 'spendwatch';
  readonly links?: readonly { readonly href: string; readonly text: string }[];
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Sends an event for each message. Events of one incident have one key, so that PagerDuty pages once for it. */
export const pagerduty: ChannelType<PagerdutyOptions> = {
  type: 'pagerduty',
  takesReports: false,
  schema: z
    .strictObject({
      type: z.literal('pagerduty'),
      routing_key: secretKey('Integration key of an "Events API v2" integration of a service').refine(
        (key) => /^[\w-]+$/.test(key.reveal()),
        { error: 'not an integration key, which has 32 letters and digits' },
      ),
      url: apiUrlKey(
        'Where events go; `https://events.eu.pagerduty.com/v2/enqueue` for accounts in the EU',
        'https://events.pagerduty.com/v2/enqueue',
        'routing key',
      ),
      proxy: proxyKey.exactOptional(),
    })
    .transform(({ type, routing_key: routingKey, url, proxy = null }): PagerdutyOptions => {
      return { type, routingKey, url, proxy };
    }),
  open(name, { routingKey, url, proxy }, proxies = NO_PROXIES) {
    const posting = {
      type: 'pagerduty',
      audience: 'programs',
      spacingMs: 0,
      url,
      secrets: [routingKey.reveal()],
      render: (message: Message, id: string) => JSON.stringify(renderPagerduty(message, id)),
      request({ body }: Envelope): PostingRequest | null {
        const event = JSON.parse(body) as PagerdutyEvent;
        if (event.event_action === 'none') return null;
        return { body: JSON.stringify({ routing_key: routingKey.reveal(), ...event }) };
      },
      receipt: taken,
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** Pure. The event without the routing key. */
export function renderPagerduty(message: Message, id: string): PagerdutyEvent {
  const { title, severity, timestamp, rule, incident, type, installation, sections } = message;
  const links = sections.flatMap((section) => section.links ?? []);
  const event = (details: object): PagerdutyEvent => ({
    event_action: actionOf(message),
    dedup_key: dedupKey(message, id),
    client: 'spendwatch',
    ...(links.length > 0 && { links: links.map(({ label, url }) => ({ href: url, text: label })) }),
    payload: {
      summary: fitted(title, SUMMARY, (text) => text),
      timestamp: isoInstant(timestamp),
      severity,
      source: installation === undefined ? 'spendwatch' : `spendwatch ${installation}`,
      ...(incident !== null && { component: fitted(incident.subject, SUMMARY, (text) => text) }),
      ...(rule !== null && { group: rule }),
      class: type,
      custom_details: details,
    },
  });
  const whole = event({ ...words(message), alerts: alertsOf(message) });
  return bytesOf(JSON.stringify(whole)) <= EVENT_BYTES ? whole : event(words(message));
}

/**
 * An incident is resolved when it is over, not when one of its alerts is. A report about another channel carries an alert
 * that somebody must see, even one that is over.
 */
function actionOf({ type, incident, alerts }: Message): PagerdutyEvent['event_action'] {
  if (type === 'health.sees') return 'resolve';
  if (type === 'report') return 'none';
  if (type !== 'alert.firing' && type !== 'alert.resolved') return 'trigger';
  if (incident?.isClosed === true) return 'resolve';
  if (type === 'alert.firing') return 'trigger';
  return incident === null && alerts.every(({ resolvedAt }) => resolvedAt !== null) ? 'resolve' : 'none';
}

function dedupKey({ type, incident, rule, alerts }: Message, id: string): string {
  const [first] = alerts;
  const subject = incident?.id ?? `${rule ?? ''}/${first?.id ?? ''}`;
  if (type === 'alert.firing' || type === 'alert.resolved') return short(subject);
  if (type === 'drill') return short(`spendwatch/drill/${id}`);
  // A report of its own for each incident: the second must page as the first did.
  if (type === 'health.channel') return short(`spendwatch/${type}/${subject}`);
  return `spendwatch/${type === 'health.sees' ? 'health.blind' : type}`;
}

function short(key: string): string {
  return key.length <= DEDUP_KEY ? key : createHash('sha256').update(key).digest('hex');
}

/** What a person reads in the incident: the worst alert in full, by labels. */
function words({ lead, note, sections, footer }: Message): Readonly<Record<string, unknown>> {
  const [worst] = sections;
  const { sentence } = worst ?? {};
  return {
    ...(lead.length > 0 && { what: lead.join('\n') }),
    ...(sentence !== undefined && { worst: sentence }),
    ...(note !== null && { message: note }),
    ...(worst === undefined ? {} : labelled(worst)),
    ...(footer.length > 0 && { as_of: footer.join('\n') }),
  };
}

function labelled({ facts, tables, judged = [] }: MessageSection): Readonly<Record<string, unknown>> {
  const entries = new Map<string, string>();
  for (const [label, value] of [...facts, ...judged]) {
    const before = entries.get(label);
    entries.set(label, before === undefined ? value : `${before}; ${value}`);
  }
  const breakdowns = tables.map(tableLines).map(([title, ...rows]) => [title, rows]);
  return Object.fromEntries([...entries, ...breakdowns]);
}

/** Every alert of the message for rules of PagerDuty's event orchestration, with names as the store has them. */
function alertsOf({ alerts }: Message) {
  return alerts.map(({ id, rule, severity, group, summary, since, resolvedAt, context }) => ({
    id,
    rule,
    severity,
    group,
    summary,
    since: isoInstant(since),
    resolved_at: resolvedAt === null ? null : isoInstant(resolvedAt),
    ...(context !== undefined && contextJson(context)),
  }));
}

/** 400 for what is wrong with the key; anything else is wrong with the event. */
const OF_THE_KEY = /routing.?key|integration.?key|invalid key/i;

function taken(answer: Answer): Receipt {
  const { status, json } = answer;
  const words = [json?.message, ...(Array.isArray(json?.errors) ? json.errors : [])].join('; ');
  if (status === 400 && OF_THE_KEY.test(words)) {
    throw refusal('PagerDuty', answer, { reason: 'auth', kind: 'person' }, status, words);
  }
  expectSuccess(answer);
  if (json?.status !== 'success') throw notFrom('PagerDuty', answer);
  return receiptOf(answer, `HTTP ${status} ${String(json.message ?? 'success')}`);
}
