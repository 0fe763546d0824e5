import { z } from 'zod';
import { Secret } from './secret.ts';

/**
 * The schema of a key that holds a secret: a text in alerts.yaml, a Secret in the program. The mark `secret` stays
 * in the JSON Schema, where the loader finds which keys may be given as `<key>_file` and are never shown.
 */
export function secretKey(description: string) {
  return z
    .string()
    .min(1, { error: 'must not be empty' })
    .transform((text) => new Secret(text))
    .meta({ secret: true, description });
}
