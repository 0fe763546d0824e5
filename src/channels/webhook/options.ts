// The keys of a webhook channel in alerts.yaml.

import { z } from 'zod';
import type { Secret } from '../../model/secret.ts';
import { secretHeaderKey, secretKey, secretUrlKey } from '../../model/secret-key.ts';
import { proxyKey } from '../transport/proxy-choice.ts';
import { type SignatureStyle, signingKey } from './signature.ts';

export interface WebhookOptions {
  readonly type: 'webhook';
  /** Secret, because many receivers trust anybody who knows the path. */
  readonly url: Secret;
  /** At least one, the newest first. Each makes a signature. */
  readonly secrets: readonly Secret[];
  readonly signature: SignatureStyle;
  readonly headers: Readonly<Record<string, Secret>>;
  /** A template of the body; null for the standard one. */
  readonly body: string | null;
  readonly proxy: Secret | null;
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Headers of the signature or of the connection itself. */
const RESERVED =
  /^(webhook-.*|x-signature-256|host|connection|content-(type|length|encoding)|transfer-encoding|keep-alive|upgrade|expect|te|trailer)$/i;

const key = (description: string) =>
  secretKey(description).refine((secret) => signingKey(secret.reveal()) !== null, {
    error: 'must be `whsec_` and base64, or a text of at least 16 bytes',
  });

/** The keys of a webhook channel. */
export const webhookSchema: z.ZodType<WebhookOptions> = z
  .strictObject({
    type: z.literal('webhook'),
    url: secretUrlKey('URL that receives the JSON by POST; redirects are not followed'),
    secret: key(
      'Signing secret: `whsec_` and base64, or any text of at least 16 bytes; needed unless `secrets` is given',
    ).exactOptional(),
    secrets: z
      .array(key('A secret that signs the body'))
      .min(1, { error: 'needs at least one secret' })
      .describe('In place of `secret` during a rotation: `[new, old]`; both sign')
      .exactOptional(),
    signature: z
      .enum(['standard', 'hex'])
      .default('standard')
      .describe(
        '`standard` is Standard Webhooks; `hex` sends only `x-signature-256` over the body, for simple receivers',
      ),
    headers: z
      .record(
        z
          .string()
          .regex(HEADER_NAME, { error: 'not the name of a header' })
          .refine((name) => !RESERVED.test(name), { error: 'this header is set by spendwatch itself' }),
        secretHeaderKey('The value of a header'),
      )
      .default({})
      .describe('Further headers of the request; those of the signature and the connection are reserved'),
    body: z
      .string()
      .min(1)
      .max(20_000)
      .describe('Template of the JSON that is sent, in place of the standard body (docs/context.md)')
      .exactOptional(),
    proxy: proxyKey.exactOptional(),
  })
  .transform((keys, context): WebhookOptions => {
    const { type, url, secret, secrets, signature, headers, body = null, proxy = null } = keys;
    if ((secret === undefined) === (secrets === undefined)) {
      const message =
        secret === undefined
          ? 'missing: a webhook is signed; give `secret`, or `secrets: [new, old]`'
          : 'give either `secret` or `secrets`';
      context.issues.push({ code: 'custom', input: keys, path: ['secret'], message });
      return z.NEVER;
    }
    const all = secrets ?? (secret === undefined ? [] : [secret]);
    return { type, url, secrets: all, signature, headers, body, proxy };
  });
