import { displayText } from '../../model/display-text.ts';

const LONGEST_EXCERPT = 160;
/** Shorter parts of a path are words such as `hooks`; longer ones may be what a receiver takes for a password. */
const SHORTEST_PART = 8;

/** What a far end said, in one short line, without any of `secrets`: servers like to echo what they were sent. */
export function excerptOf(text: string, secrets: readonly string[]): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return words === '' ? '' : displayText(withoutSecrets(words, secrets), LONGEST_EXCERPT);
}

/** The text with each secret as `***`, the longest first so that a part does not spoil the whole. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return [...secrets]
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

/** A URL and the parts of it that must not be shown: all but scheme and host. */
export function secretsOfUrl(url: string): string[] {
  const { pathname, search, hash, username, password } = new URL(url);
  const parts = pathname.split('/').filter((part) => part.length >= SHORTEST_PART);
  const whole = pathname.length > 1 ? [pathname, `${pathname}${search}`] : [];
  return [url, ...whole, search, hash, username, password, ...parts].filter((part) => part.length > 1);
}
