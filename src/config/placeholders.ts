// Finds placeholders of the example that are still in a channel.

import { Secret } from '../model/secret.ts';
import type { Config } from './config.ts';
import { isRecord } from './path.ts';

/** A value of the example that is still in a channel. No service accepts it, so none is tried. */
export interface Placeholder {
  readonly channel: string;
  /** Names the key, not the value. */
  readonly message: string;
  readonly hint: string;
}

/** The placeholders in the channels of a file, at most one for each channel, in the order of the file. */
export function placeholdersOf({ channels, unset }: Pick<Config, 'channels' | 'unset'>): Placeholder[] {
  return [...channels].flatMap(([channel, { options }]) => {
    const path = placeholderIn(options, []);
    if (path === null) return [];
    // A `secret` of the file is a list of one among the options.
    const key = path.join('.').replace(/^secrets\.0$/, 'secret');
    const variable = unset.get(`channels.${channel}.${key}`);
    const message = `${key} is still the placeholder of the example`;
    const hint = variable === undefined ? `write the real one as ${key}` : `set ${variable}, or write ${key}`;
    return [{ channel, message, hint }];
  });
}

/** Where in a channel's options the first placeholder stands. */
function placeholderIn(value: unknown, path: readonly string[]): readonly string[] | null {
  const text = value instanceof Secret ? value.reveal() : value;
  if (typeof text === 'string') return isPlaceholder(text, path) ? path : null;
  if (!isRecord(text) && !Array.isArray(text)) return null;
  for (const [key, child] of Object.entries(text)) {
    const found = placeholderIn(child, [...path, inFile(key)]);
    if (found !== null) return found;
  }
  return null;
}

/** An option's key as the file has it: `webhookUrl` is `webhook_url` there. */
function inFile(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isPlaceholder(text: string, path: readonly string[]): boolean {
  if (/replace-?me/i.test(text)) return true;
  if (path.length !== 1 || !/^(host|url|webhook_url|api_url)$/.test(path[0] ?? '')) return false;
  const host = URL.canParse(text) ? new URL(text).hostname : text;
  // Reserved for documentation (RFC 2606, RFC 6761): no server has such a name.
  return /(^|\.)(example\.(com|net|org)|example|invalid)$/i.test(host);
}
