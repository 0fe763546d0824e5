// Links that messages show: where they may lead, and how they are written.

import type { UrlFault } from './http-url.ts';

/** A link that a message shows. */
export interface MessageLink {
  /** What it is called, in plain words. */
  readonly label: string;
  /** An http(s) URL. */
  readonly url: string;
}

const LONGEST_URL = 2000;
/** The beginning that an author must write out: data never chooses where a link leads. */
const BEGINNING = /^https?:\/\/[^\s/?#@{}%\\]+(?=[/?#]|$)/i;
const TAG = /\{[{%]/;

/** The link as a URL, or null for a text that is none: another scheme, a login in it, too long. */
export function linkUrl(text: string): string | null {
  if (!BEGINNING.test(text) || !URL.canParse(text)) return null;
  const { href, username, password } = new URL(text);
  return username === '' && password === '' && href.length <= LONGEST_URL ? href : null;
}

/** What is wrong with a link as it is written in the file. Templates may stand after the host. */
export function linkFault(written: string): UrlFault | null {
  const place = written.search(TAG);
  if (place < 0) return linkUrl(written) === null ? NOT_A_LINK : null;
  const begin = written.slice(0, place);
  const host = BEGINNING.exec(begin)?.[0];
  if (host !== undefined && host.length < begin.length) return null;
  return /^https?:\/\/[^/?#@]*$|^$/i.test(begin) ? TEMPLATE_IN_HOST : NOT_A_LINK;
}

const NOT_A_LINK = { message: 'not a link', hint: 'write https://host/path, without a login' };
const TEMPLATE_IN_HOST = {
  message: 'the host of a link is a template',
  hint: 'write the host out, as in https://host/path?service={{ group.service }}',
};
