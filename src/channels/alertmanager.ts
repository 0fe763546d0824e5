// Posts alerts to a Prometheus Alertmanager, through its API v2.

import { z } from 'zod';
import { cutText } from '../model/display-text.ts';
import type { Message, MessageAlert, MessageSection } from '../model/message.ts';
import type { AlertContext } from '../model/rule-texts.ts';
import type { Secret } from '../model/secret.ts';
import { secretHeaderKey, secretLineKey, secretUrlKey } from '../model/secret-key.ts';
import { isoInstant } from '../model/window.ts';
import type { ChannelType, Receipt } from './channel.ts';
import { basicAuth } from './transport/login.ts';
import {
  type Answer,
  expectSuccess,
  notFrom,
  objectOf,
  openPosting,
  receiptOf,
} from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';
import { secretsOfHeader } from './transport/redact.ts';

interface AlertmanagerOptions {
  readonly type: 'alertmanager';
  /** Secret, because it may hold a login. */
  readonly url: Secret;
  /** The Authorization header; null without a login. */
  readonly authorization: string | null;
  readonly proxy: Secret | null;
}

const HOUR = 3_600_000;
/** Health messages are repeated once a day. */
const HEALTH_MS = 25 * HOUR;
const DRILL_MS = 300_000;
const LONGEST = 2000;

/** An alert of the API. Source: github.com/prometheus/alertmanager, api/v2/openapi.yaml, "postableAlert". */
interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  /** Until when it fires if nobody renews it. */
  readonly endsAt: string;
}

/** Posts one alert for each alert of a message. Grouping, silences and routes are Alertmanager's. */
export const alertmanager: ChannelType<AlertmanagerOptions> = {
  type: 'alertmanager',
  takesReports: false,
  schema: z
    .strictObject({
      type: z.literal('alertmanager'),
      url: secretUrlKey('Address of the Alertmanager, without `/api/v2/alerts`'),
      user: z.string().min(1).describe('Login, with `password`').exactOptional(),
      password: secretLineKey('Password, with `user`').exactOptional(),
      token: secretHeaderKey(
        'Bearer token, in place of `user` and `password`',
        /^[\x21-\x7e]+$/,
      ).exactOptional(),
      proxy: proxyKey.exactOptional(),
    })
    .transform((keys, context): AlertmanagerOptions => {
      const { type, url, user, password, token, proxy = null } = keys;
      const fault = (key: string, message: string): never => {
        context.issues.push({ code: 'custom', input: keys, path: [key], message });
        return z.NEVER;
      };
      if (token !== undefined && (user ?? password) !== undefined) {
        return fault('token', 'give either `token`, or `user` and `password`');
      }
      if (user !== undefined && password === undefined) return fault('password', 'missing: `user` needs it');
      if (password !== undefined && user === undefined) return fault('user', 'missing: `password` needs it');
      const login = password === undefined ? null : basicAuth(`${user}:${password.reveal()}`);
      const authorization = token === undefined ? login : `Bearer ${token.reveal()}`;
      return { type, url, authorization, proxy };
    }),
  open(name, { url, authorization, proxy }, proxies = NO_PROXIES) {
    const headers: Record<string, string> = authorization === null ? {} : { authorization };
    const posting = {
      type: 'alertmanager',
      audience: 'programs',
      spacingMs: 0,
      url: apiOf(url.reveal(), 'alerts'),
      secrets: authorization === null ? [] : secretsOfHeader(authorization),
      render: (message: Message) => JSON.stringify(renderAlertmanager(message)),
      request: ({ body }: { readonly body: string }) => (body === NO_ALERT ? null : { body, headers }),
      receipt: taken,
      probe: { url: apiOf(url.reveal(), 'status'), headers, receipt: described },
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** The body of a report, which is no alert: nothing is posted. */
const NO_ALERT = '[]';

/** Pure. */
export function renderAlertmanager(message: Message): readonly PostedAlert[] {
  const { alerts, sections, type } = message;
  if (type === 'report') return [];
  if (alerts.length === 0) return [aboutSpendwatch(message)];
  const sectionOf = (i: number) => (sections.length === alerts.length ? sections[i] : undefined);
  return alerts.map((alert, i) => postedAlert(message, alert, sectionOf(i)));
}

function postedAlert(message: Message, alert: MessageAlert, section?: MessageSection): PostedAlert {
  const { id, rule, group, variant, severity, summary, since, resolvedAt, periodEnd, context } = alert;
  return {
    labels: {
      ...labelsOf([...Object.entries(group), ...Object.entries(context?.labels ?? {})]),
      ...ownLabels(rule, severity, message),
      ...(variant !== undefined && { variant }),
    },
    annotations: {
      summary,
      description: text([
        section?.sentence ?? message.lead.join('\n'),
        ...(section?.facts ?? []).map(([label, value]) => `${label}: ${value}`),
      ]),
      ...(message.note !== null && { message: message.note }),
      ...(context !== undefined && annotationsOf(context)),
      ...(message.incident !== null && { incident: message.incident.id }),
      alert_id: id,
    },
    startsAt: isoInstant(since),
    // An alert that ends before it starts would be refused.
    endsAt: isoInstant(resolvedAt === null ? periodEnd + HOUR : Math.max(resolvedAt, since)),
  };
}

/** A message about spendwatch itself. "Can see again" has the labels of the outage, and ends it. */
function aboutSpendwatch(message: Message): PostedAlert {
  const { type, severity, rule, title, lead, sections, timestamp } = message;
  const isOver = type === 'health.sees';
  const lasts = type === 'drill' ? DRILL_MS : HEALTH_MS;
  const facts = sections.flatMap((section) => section.facts);
  return {
    labels: {
      ...ownLabels(isOver ? 'health.blind' : type, isOver ? 'critical' : severity, message),
      ...(rule !== null && { rule }),
    },
    annotations: {
      summary: title,
      description: text([...lead, ...facts.map(([label, value]) => `${label}: ${value}`)]),
    },
    startsAt: isoInstant(timestamp),
    endsAt: isoInstant(isOver ? timestamp : timestamp + lasts),
  };
}

/** By this label a route or a silence can tell these alerts from Prometheus's. */
const SOURCE = 'spendwatch';
const OWN_LABELS: readonly string[] = ['alertname', 'severity', 'source', 'installation', 'variant'];

function ownLabels(alertname: string, severity: string, { installation }: Message): Record<string, string> {
  return { alertname, severity, source: SOURCE, ...(installation !== undefined && { installation }) };
}

/**
 * Dimensions, then the rule's labels. A name has letters, digits and `_`, and no two share one; an empty value would be no
 * label at all.
 */
function labelsOf(entries: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [dimension, value] of entries) {
    let name = nameOf(dimension);
    while (name in labels || OWN_LABELS.includes(name)) name += '_';
    labels[name] = value === '' ? '(empty)' : value;
  }
  return labels;
}

/** By the convention of runbooks: `runbook_url`, and `dashboard_url` for a link called Dashboard. */
function annotationsOf({ owner, runbook, links }: AlertContext): Record<string, string> {
  const urls = Object.entries(links).map(([label, url]) => [`${nameOf(label.toLowerCase())}_url`, url]);
  return {
    ...Object.fromEntries(urls),
    ...(owner !== null && { owner }),
    ...(runbook !== null && { runbook_url: runbook }),
  };
}

function nameOf(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}

function text(lines: readonly string[]): string {
  return cutText(lines.filter((line) => line !== '').join('\n'), LONGEST);
}

function apiOf(base: string, what: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/${what}`;
  return url.href;
}

function taken(answer: Answer): Receipt {
  expectSuccess(answer);
  return { answer: `HTTP ${answer.status}` };
}

function described(answer: Answer): Receipt {
  expectSuccess(answer);
  const version = objectOf(answer.json?.versionInfo)?.version;
  if (typeof version !== 'string') throw notFrom('Alertmanager', answer);
  return receiptOf(answer, `Alertmanager ${version}`);
}
