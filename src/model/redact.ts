/** A text with all that is secret in it as `***`. */
export type Redact = (text: string) => string;

/** What a text from outside may hold without harm. */
export const showAll: Redact = (text) => text;

/** A shorter secret is blotted out only where it stands for itself: `ok` is a part of half of all words. */
const SHORTEST_ANYWHERE = 6;
/** Of the base64 of a secret inside a longer one, fewer letters than this are found in any text. */
const SHORTEST_CODE = 8;
/** A longer secret is looked for piece by piece, so that no pattern grows without limit. */
const PIECE = 400;

/**
 * Blots out `secrets`, also as they are written in base64 (alone, and inside of anything longer), in hexadecimal, in URLs,
 * JSON and HTML, and however their white space was changed: servers and libraries like to repeat what they were given.
 */
export function redactor(secrets: readonly string[]): Redact {
  const forms = [...new Set(secrets)].filter((secret) => secret.trim() !== '').flatMap(formsOf);
  forms.sort((a, b) => b.text.length - a.text.length);
  if (forms.length === 0) return showAll;
  const pattern = new RegExp([...new Set(forms.map(patternOf))].join('|'), 'gu');
  return (text) => text.replace(pattern, '***');
}

/** A text to look for; `alone` only where no letter or digit stands beside it. */
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
  // Each line of a file, and each piece of what is long, is as secret as the whole.
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

/** The letters of base64 that the bytes alone decide where they begin at `offset` of three. */
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
  const body = text.replace(/\s+|\S/gu, (part) => spellings(part));
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
};

/** How a character, or a run of white space, may be written. */
function spellings(part: string): string {
  if (/^[A-Za-z0-9]$/.test(part)) return part;
  if (/^\s/.test(part))
    return String.raw`(?:\s|\+|%20|%0[9AaDd]|\\[nrt]|\\u00(?:20|0[9AaDd])|&#(?:9|10|13|32);)+`;
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
