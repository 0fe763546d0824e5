// Single values of alerts.yaml: time zone, schedule, URLs, instants.

import { validateDetailed } from 'node-cron';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { parseDatabaseUrl, type UrlFault } from '../model/database-url.ts';
import { isZone } from '../model/local-time.ts';
import { secretHeaderKey, secretKey } from '../model/secret-key.ts';
import { fault } from '../rules/rule-scalars.ts';
import { parseListen } from './listen.ts';
import { nearest } from './nearest.ts';

export const timezone = z
  .string()
  .meta({ title: 'IANA time zone' })
  .transform((name, context) => {
    if (isZone(name)) return name;
    const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
    const close = zones.find((zone) => zone.endsWith(`/${name}`)) ?? nearest(name, zones);
    const hint = close === null ? 'write a name such as UTC or Europe/Berlin' : `did you mean "${close}"?`;
    context.issues.push(fault('not an IANA time zone', hint));
    return z.NEVER;
  });

export const schedule = z
  .string()
  .meta({ title: 'cron expression' })
  .transform((text, context) => {
    const { valid, errors } = validateDetailed(text);
    if (valid) return text;
    const hint = 'five fields (minute hour day month weekday), or six with seconds first: "*/5 * * * *"';
    context.issues.push(fault(`not a cron schedule: ${cronFault(errors)}`, hint));
    return z.NEVER;
  });

type CronErrors = ReturnType<typeof validateDetailed>['errors'];

/** What is wrong with a cron expression, in words for people. */
function cronFault(errors: CronErrors): string {
  const whole = errors.find(({ field }) => field === 'expression');
  if (whole !== undefined) return whole.message;
  if (errors.some(({ message }) => message.includes('impossible day'))) {
    return 'no month that it names has such a day';
  }
  // Without the text of the fields, which may come from the environment.
  const fields = errors.map(({ field }) => CRON_FIELDS[field] ?? field);
  return `${fields.join(' and ')} cannot be read`;
}

const CRON_FIELDS: Readonly<Record<string, string>> = {
  dayOfMonth: 'the day',
  dayOfWeek: 'the weekday',
  ...Object.fromEntries(['second', 'minute', 'hour', 'month'].map((field) => [field, `the ${field}`])),
};

/** URLs that are taken besides those of the SQL port. */
export interface OtherUrls {
  isOne(text: string): boolean;
  /** What is wrong with one; null for nothing. */
  faultOf(text: string): UrlFault | null;
  /** How they are written. */
  readonly shapes: readonly string[];
}

export const databaseUrl = (description: string, other?: OtherUrls) =>
  secretKey(description)
    .meta({ title: 'database URL' })
    .superRefine((secret, context) => {
      const text = secret.reveal();
      if (/^pglite:.+/.test(text)) return;
      const isOther = other?.isOne(text) === true;
      const parsed = isOther ? other.faultOf(text) : parseDatabaseUrl(text, other?.shapes);
      if (parsed !== null && 'fault' in parsed) context.addIssue(fault(parsed.fault, parsed.hint));
    });

export const instant = z
  .string()
  .meta({ title: 'instant' })
  .transform((text, context) => {
    try {
      return Temporal.Instant.from(text).epochMilliseconds;
    } catch {
      context.issues.push(fault('not an instant', 'write a date, a time and a zone: 2026-11-20T00:00:00Z'));
      return z.NEVER;
    }
  });

/** host:port, or null for `off`. */
export const listenAddress = z
  .string()
  .meta({ title: '`host:port` or `off`' })
  .transform((text, context) => {
    if (text === 'off') return null;
    const listen = parseListen(text);
    if (listen !== null) return listen;
    context.issues.push(
      fault('not an address to listen on', 'write host:port, such as 127.0.0.1:9464, or off'),
    );
    return z.NEVER;
  });

/** Nobody may guess it, and the API does not slow down who tries. */
const SHORTEST_TOKEN = 16;

export const apiToken = secretHeaderKey(
  'What programs send as `Authorization: Bearer` to read the API, at least 16 characters (default: none; then the API is open on loopback, and off elsewhere)',
  /^[\x21-\x7e]*$/,
).superRefine((secret, context) => {
  if (secret.reveal().length >= SHORTEST_TOKEN) return;
  context.addIssue(
    fault(`a token has at least ${SHORTEST_TOKEN} characters`, 'make one with openssl rand -hex 32'),
  );
});
