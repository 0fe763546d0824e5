import { z } from 'zod';
import type { Secret } from '../../model/secret.ts';
import { secretKey } from '../../model/secret-key.ts';

export interface EmailOptions {
  readonly type: 'email';
  readonly to: readonly string[];
  readonly from: string;
  readonly host: string;
  readonly port: number;
  /** Null sends without signing in. */
  readonly login: { readonly user: string; readonly password: Secret } | null;
  /** `starttls` never falls back to plain text; `implicit` speaks TLS from the first byte. */
  readonly tls: 'starttls' | 'implicit' | 'none';
}

const BARE = String.raw`[^\s@<>()\[\],;:"\\]+@[^\s@<>()\[\],;:"\\]+`;
const ADDRESS = new RegExp(`^${BARE}$`);
const MAILBOX = new RegExp(`^(?:${BARE}|[^<>"\\p{Cc}]*<${BARE}>)$`, 'u');

const DEFAULT_PORT = { starttls: 587, implicit: 465, none: 587 } as const;

/** The keys of an email channel. What SMTP_* supplies is filled in before, so that here a gap is a fault. */
export const emailSchema: z.ZodType<EmailOptions> = z
  .strictObject({
    type: z.literal('email'),
    to: z
      .array(z.string().regex(ADDRESS, { error: 'not an email address, such as oncall@example.com' }))
      .min(1, { error: 'needs at least one address' })
      .describe('Who receives the mail: one address or more'),
    from: z
      .string()
      .regex(MAILBOX, { error: 'not an email address, such as spendwatch@example.com' })
      .describe('The sender, `name@example.com` or `Name <name@example.com>` (default: SMTP_FROM)')
      .exactOptional(),
    host: z.string().min(1).describe('The mail server (default: SMTP_SERVER)').exactOptional(),
    port: z
      .int()
      .min(1)
      .max(65535)
      .describe('Its port (default: SMTP_PORT, else 587, or 465 with `tls: implicit`)')
      .exactOptional(),
    user: z.string().describe('The name to sign in with (default: SMTP_USER)').exactOptional(),
    password: secretKey('The password to sign in with (default: SMTP_PASSWORD)').exactOptional(),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .default('starttls')
      .describe(
        'starttls: required before anything is said; implicit: TLS from the first byte; none: plain text',
      ),
  })
  .transform((keys, context) => {
    const { host, from, user, password, tls } = keys;
    const missing = (key: string, variable: string): void => {
      const message = `missing: give \`${key}\` here or set ${variable}`;
      context.issues.push({ code: 'custom', input: keys, path: [key], message });
    };
    if (host === undefined) missing('host', 'SMTP_SERVER');
    if (from === undefined) missing('from', 'SMTP_FROM');
    const signsIn = user !== undefined && user !== '';
    if (signsIn && password === undefined) missing('password', 'SMTP_PASSWORD');
    if (!signsIn && password !== undefined) missing('user', 'SMTP_USER');
    if (host === undefined || from === undefined || signsIn !== (password !== undefined)) return z.NEVER;
    const login = signsIn && password !== undefined ? { user, password } : null;
    return { type: keys.type, to: keys.to, from, host, port: keys.port ?? DEFAULT_PORT[tls], login, tls };
  });
