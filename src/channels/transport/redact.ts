// Which parts of a URL, a login or a header are secret, and how a receiver's text is shown.

import { displayText } from '../../model/display-text.ts';
import type { Redact } from '../../model/redact.ts';

const LONGEST_EXCERPT = 160;
/** Shorter parts of a path are words such as `hooks`. Longer ones may serve as a password. */
const SHORTEST_PART = 8;
/** Shorter values of a query are numbers and words such as `v=1`. */
const SHORTEST_VALUE = 4;

/** A text from a receiver or a library as one short line without secrets. */
export function excerptOf(text: string, redact: Redact): string {
  const words = redact(text).replace(/\s+/g, ' ').trim();
  return words === '' ? '' : displayText(words, LONGEST_EXCERPT);
}

/** A URL and the parts of it that must not be shown: all but scheme and host. */
export function secretsOfUrl(url: string): string[] {
  const { pathname, search, hash, username, password, searchParams } = new URL(url);
  const parts = pathname.split('/').filter((part) => part.length >= SHORTEST_PART);
  const values = [...searchParams.values()].filter((value) => value.length >= SHORTEST_VALUE);
  const whole = pathname.length > 1 ? [pathname, `${pathname}${search}`] : [];
  const login =
    username === '' && password === '' ? [] : secretsOfLogin(decoded(username), decoded(password));
  const texts = [url, ...whole, search, hash, username, password, ...login, ...parts, ...values];
  return texts.filter((part) => part.length > 1);
}

/** The secret parts of a login: the password, and user and password as HTTP and SMTP join them. */
export function secretsOfLogin(user: string, password: string): string[] {
  return [password, `${user}:${password}`, `\0${user}\0${password}`];
}

/** The value of a header, and the secret in it after a word such as `Bearer` or `Basic`. */
export function secretsOfHeader(value: string): string[] {
  const [, scheme = '', rest] = /^([A-Za-z][\w-]*) +(\S.*)$/.exec(value) ?? [];
  if (rest === undefined) return [value];
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(rest, 'base64').toString()) ?? [];
  const isLogin = scheme.toLowerCase() === 'basic' && user !== undefined && password !== undefined;
  return [value, rest, ...(isLogin ? secretsOfLogin(user, password) : [])];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
