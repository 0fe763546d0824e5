// Removes secrets from a text, in whatever encoding they appear.

/** Replaces the secrets in a text with `***`. */
export type Redact = (text: string) => string;

/** For texts that cannot hold a secret. */
export const showAll: Redact = (text) => text;

/** A shorter secret is redacted only as a word of its own: `ok` is a part of many words. */
const SHORTEST_ANYWHERE = 6;
/** Shorter base64 codes of a secret are not searched for within longer base64 text, because they occur by chance. */
const SHORTEST_CODE = 8;
/** A longer secret is searched for in pieces of this length, so that the pattern stays short. */
const PIECE = 400;

/**
 * Redacts `secrets`, because servers and libraries often repeat their input. Also finds them in base64 (alone, and within a
 * longer text), in hexadecimal, in the encodings of URLs, JSON and HTML, and with changed white space.
 */
export function redactor(secrets: readonly string[]): Redact {
  const forms = [...new Set(secrets)].filter((secret) => secret.trim() !== '').flatMap(formsOf);
  forms.sort((a, b) => b.text.length - a.text.length);
  if (forms.length === 0) return showAll;
  const pattern = new RegExp([...new Set(forms.map(patternOf))].join('|'), 'gu');
  return (text) => text.replace(pattern, '***');
}

/** A text to search for; with `alone` only where no letter or digit is next to it. */
interface Form {
  readonly text: string;
  readonly alone: boolean;
}

function formsOf(secret: string): Form[] {
  const alone = secret.length < SHORTEST_ANYWHERE;
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const whole = [secret, bytes.toString('base64'), bytes.toString('base64url')].map((text) => ({
    text,
    alone,
  }));
  const spelled = alone ? [] : [hex, hex.toUpperCase()].map((text) => ({ text, alone: false }));
  // Each line of a file, and each piece of a long secret, is as secret as the whole.
  const parts = [...secret.split(/[\r\n]+/), ...piecesOf(secret)].filter(
    (part) => part !== secret && part.length >= SHORTEST_ANYWHERE,
  );
  return [
    ...whole.filter(({ text }) => text.length <= PIECE * 2),
    ...spelled.filter(({ text }) => text.length <= PIECE * 2),
    ...[0, 1, 2].flatMap((offset) => insideBase64(bytes, offset)),
    ...parts.flatMap(formsOf),
  ];
}

function piecesOf(secret: string): string[] {
  if (secret.length <= PIECE) return [];
  return Array.from({ length: Math.ceil(secret.length / PIECE) }, (_, i) =>
    secret.slice(i * PIECE, (i + 1) * PIECE),
  );
}

/** The base64 characters that depend on these bytes alone, when they begin at `offset` within a group of three. */
function insideBase64(bytes: Buffer, offset: number): Form[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const from = Math.ceil((offset * 8) / 6);
  const to = Math.floor(((offset + bytes.length) * 8) / 6);
  const text = padded.slice(from, to);
  if (text.length < SHORTEST_CODE || text.length > PIECE * 2) return [];
  const forUrls = text.replaceAll('+', '-').replaceAll('/', '_');
  return [text, forUrls].map((one) => ({ text: one, alone: false }));
}

function patternOf({ text, alone }: Form): string {
  // White space at the ends is not secret, and would start a search at every blank of a long run.
  const body = text.trim().replace(/[\t-\r ]+|[^\t-\r ]/gu, (part) => spellings(part));
  return alone ? `(?<![\\p{L}\\p{N}])${body}(?![\\p{L}\\p{N}])` : body;
}

const NAMED: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
};
const ESCAPED: Readonly<Record<string, string>> = {
  '"': '\\\\"',
  '\\': '\\\\\\\\',
  '/': '\\\\/',
  "'": "\\\\'",
  '\b': '\\\\b',
};

/** A pattern for all spellings of a character or a run of white space. */
function spellings(part: string): string {
  if (/^[A-Za-z0-9]$/.test(part)) return part;
  if (/^[\t-\r ]/.test(part))
    return String.raw`(?:\s|\+|%20|%0[9A-Da-d]|\\[fnrtv]|\\u00(?:20|0[9A-Da-d])|&#(?:9|1[0-3]|32);)+`;
  const code = part.codePointAt(0) as number;
  const hex = (value: number, digits: number) => anyCase(value.toString(16).padStart(digits, '0'));
  const percent = [...Buffer.from(part)].map((byte) => `%${hex(byte, 2)}`).join('');
  const json = [...Array(part.length).keys()]
    .map((i) => String.raw`\\u${hex(part.charCodeAt(i), 4)}`)
    .join('');
  const named = NAMED[part];
  const forms = [
    part.replace(/[\\^$.*+?()[\]{}|/]/, String.raw`\$&`),
    percent,
    json,
    `&#0*${code};`,
    `&#[xX]0*${hex(code, 1)};`,
    ...(named === undefined ? [] : [`&${named};`]),
    ...(ESCAPED[part] === undefined ? [] : [ESCAPED[part]]),
  ];
  return `(?:${forms.join('|')})`;
}

function anyCase(digits: string): string {
  return digits.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
