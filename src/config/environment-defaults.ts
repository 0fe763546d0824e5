// Fills keys that a channel leaves out from the environment, such as `host` from SMTP_SERVER.

import { channelTypes } from '../channels/index.ts';
import type { Environment } from './environment.ts';
import type { Hidden } from './hidden.ts';
import { coerceText, type JsonSchema, schemasAt } from './json-schema.ts';
import { isRecord } from './path.ts';

/**
 * Adds to each channel of `value` the keys that it leaves out and that its type takes from the environment. An empty
 * variable counts as not set. What comes from the environment is hidden from faults.
 */
export function addEnvironmentDefaults(
  value: unknown,
  schema: JsonSchema,
  env: Environment,
  hidden: Hidden,
): void {
  const channels = isRecord(value) ? value.channels : undefined;
  if (!isRecord(channels)) return;
  for (const [name, channel] of Object.entries(channels)) {
    if (!isRecord(channel)) continue;
    const { environment = {} } = channelTypes.find(({ type }) => type === channel.type) ?? {};
    for (const [key, variable] of Object.entries(environment)) {
      const text = env[variable] ?? '';
      if (text === '' || Object.hasOwn(channel, key)) continue;
      const path = ['channels', name, key];
      channel[key] = coerceText(schemasAt(schema, value, path), text);
      hidden.add(path, text);
    }
  }
}
