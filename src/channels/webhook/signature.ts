// Signs a body: Standard Webhooks, or a plain HMAC in hex.

import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

export type SignatureStyle = 'standard' | 'hex';

const PREFIX = 'whsec_';
const SHORTEST_KEY = 16;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The HMAC key in a secret: `whsec_` + base64, or the bytes of any other text; null when it is too short to be one. */
export function signingKey(secret: string): Uint8Array | null {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : null;
  if (encoded !== null && !BASE64.test(encoded)) return null;
  const key = Buffer.from(encoded ?? secret, encoded === null ? 'utf8' : 'base64');
  return key.length < SHORTEST_KEY ? null : new Uint8Array(key);
}

/**
 * The headers that prove who sent `body`. `standard` is Standard Webhooks: one `v1` signature for each key, over
 * `id.timestamp.body`, with the timestamp in seconds. `hex` is the HMAC-SHA256 of the body alone, by the first key. `at`
 * is the time of the attempt in ms: receivers refuse signatures that are minutes old.
 */
export function signatureHeaders(
  style: SignatureStyle,
  keys: readonly Uint8Array[],
  id: string,
  at: number,
  body: string,
): Record<string, string> {
  if (style === 'hex') {
    const [key] = keys;
    if (key === undefined) return {};
    return { 'x-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}` };
  }
  const signatures = keys.map((key) => new Webhook(key, { format: 'raw' }).sign(id, new Date(at), body));
  return { 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': signatures.join(' ') };
}
