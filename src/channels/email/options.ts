// The keys of an email channel in alerts.yaml.

import { z } from 'zod';
import type { Secret } from '../../model/secret.ts';
import { secretLineKey } from '../../model/secret-key.ts';
import { picturesKey } from '../pictures-key.ts';
import {
  asciiDomain,
  domainOf,
  isAscii,
  type Mailbox,
  parseAddress,
  parseMailbox,
  uniqueAddresses,
} from './address.ts';

export interface EmailOptions {
  readonly type: 'email';
  /** Each recipient once, its domain in ASCII. */
  readonly to: readonly string[];
  readonly from: Mailbox;
  readonly host: string;
  readonly port: number;
  /** What we call ourselves in EHLO. */
  readonly name: string;
  /** Null sends without signing in. */
  readonly login: { readonly user: string; readonly password: Secret } | null;
  /** `starttls` never falls back to plain text; `implicit` speaks TLS from the first byte. */
  readonly tls: TlsMode;
  readonly pictures: boolean;
}

export type TlsMode = 'starttls' | 'implicit' | 'none';

const DEFAULT_PORT = { starttls: 587, implicit: 465, none: 587 } as const;
/** A host name or an address, and no URL: what connects to it would say it in its errors, with a login too. */
const HOST = /^(?:[^\s/@#?%:\\\p{Cc}]+|[\da-fA-F:.]+(?:%\w+)?)$/u;
/** A host name, or an address in brackets: all that EHLO may say. */
const HELO = /^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-fA-F.:]+\]|\[IPv6:[\da-fA-F.:]+\])$/;

/** A text that `parse` understands, or a fault with `message`; `pattern` is what an editor can tell of it. */
function parsed<T>(parse: (text: string) => T | null, message: string, pattern: string) {
  return z
    .string()
    .meta({ pattern })
    .transform((text, context): T => {
      const value = parse(text);
      if (value !== null) return value;
      context.issues.push({ code: 'custom', input: text, message });
      return z.NEVER;
    });
}

/** The variables that stand in for keys which a channel leaves out. */
export const SMTP_VARIABLES = {
  host: 'SMTP_SERVER',
  port: 'SMTP_PORT',
  user: 'SMTP_USER',
  password: 'SMTP_PASSWORD',
  from: 'SMTP_FROM',
} as const;

/** The keys of an email channel. The loader has put in what SMTP_* supplies, so a key that is missing here is a fault. */
export const emailSchema: z.ZodType<EmailOptions> = z
  .strictObject({
    type: z.literal('email'),
    to: z
      .array(parsed(parseAddress, 'not an email address, such as oncall@example.com', '^[^@\\s]+@[^@\\s]+$'))
      .min(1, { error: 'needs at least one address' })
      .describe('Recipients: one address or more'),
    from: parsed(parseMailbox, 'not an email address, such as spendwatch@example.com', '@')
      .describe('Sender: `name@example.com` or `"Any name" <name@example.com>` (default: `SMTP_FROM`)')
      .exactOptional(),
    host: z
      .string()
      .refine((text) => HOST.test(text), { error: 'not a host name or an address' })
      .describe('Mail server (default: `SMTP_SERVER`)')
      .exactOptional(),
    port: z
      .int()
      .min(1)
      .max(65535)
      .describe('Port of the mail server (default: `SMTP_PORT`, else 587, or 465 with `tls: implicit`)')
      .exactOptional(),
    name: parsed(heloName, 'not a host name, such as spendwatch.example.com', '^\\S+$')
      .describe('Host name that the worker gives in EHLO (default: the domain of `from`)')
      .exactOptional(),
    user: z
      .string()
      .refine((text) => !/\p{Cc}/u.test(text), { error: 'holds a line break or another control character' })
      .describe('User name for the mail server (default: `SMTP_USER`, else no login)')
      .exactOptional(),
    password: secretLineKey('Password for the mail server (default: `SMTP_PASSWORD`)').exactOptional(),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .default('starttls')
      .describe(
        '`starttls` requires STARTTLS and never falls back; `implicit` is TLS from the first byte; `none` is plain text',
      ),
    pictures: picturesKey,
  })
  .transform((keys, context) => {
    const { host, from, user, password, tls } = keys;
    const missing = (key: keyof typeof SMTP_VARIABLES): void => {
      const variable = SMTP_VARIABLES[key];
      const message = `missing: give \`${key}\` here or set ${variable}`;
      const params = { variable };
      context.issues.push({ code: 'custom', input: keys, path: [key], message, params });
    };
    if (host === undefined) missing('host');
    if (from === undefined) missing('from');
    const signsIn = user !== undefined && user !== '';
    if (signsIn && password === undefined) missing('password');
    if (!signsIn && password !== undefined) missing('user');
    if (host === undefined || from === undefined || signsIn !== (password !== undefined)) return z.NEVER;
    return {
      type: keys.type,
      to: uniqueAddresses(keys.to),
      from,
      host,
      port: keys.port ?? DEFAULT_PORT[tls],
      name: keys.name ?? domainOf(from.address),
      login: signsIn && password !== undefined ? { user, password } : null,
      tls,
      pictures: keys.pictures,
    };
  });

function heloName(text: string): string | null {
  const ascii = isAscii(text) ? text : asciiDomain(text);
  return HELO.test(ascii) ? ascii : null;
}
