// Schemas of keys that hold a secret.

import { z } from 'zod';
import { httpUrlFault } from './http-url.ts';
import { Secret } from './secret.ts';

/**
 * The schema of a key that holds a secret: a text in alerts.yaml, a Secret in the program. The mark `secret` stays in the
 * JSON Schema, where the loader finds which keys may be given as `<key>_file` and must never be shown.
 */
export function secretKey(description: string) {
  return z
    .string()
    .min(1, { error: 'must not be empty' })
    .transform((text) => new Secret(text))
    .meta({ secret: true, description });
}

/** A secret that is an http(s) URL. */
export function secretUrlKey(description: string) {
  return secretKey(description)
    .meta({ title: 'URL' })
    .superRefine((secret, context) => {
      const fault = httpUrlFault(secret.reveal());
      if (fault !== null) context.addIssue(issue(fault.message, fault.hint));
    });
}

/**
 * A secret that becomes a header or a part of one. A line break in it is mostly the second line of a secret file. HTTP
 * libraries refuse such a header and repeat the whole secret in their error.
 */
export function secretHeaderKey(description: string, allowed: RegExp = /^[\t\x20-\x7e\x80-\xff]*$/) {
  return secretKey(description).superRefine((secret, context) => {
    const text = secret.reveal();
    if (allowed.test(text)) return;
    const which = /[\r\n]/.test(text) ? ', a line break' : '';
    context.addIssue(issue(`holds a character that no header may have${which}`, ALONE));
  });
}

/** A secret without line breaks and other control characters. */
export function secretLineKey(description: string) {
  return secretKey(description).superRefine((secret, context) => {
    if (!/\p{Cc}/u.test(secret.reveal())) return;
    context.addIssue(issue('holds a line break or another control character', ALONE));
  });
}

const ALONE = 'give the secret alone, in one line';

function issue(message: string, hint: string) {
  return { code: 'custom' as const, message, params: { hint } };
}
