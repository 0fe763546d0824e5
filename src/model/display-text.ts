// Makes text from outside harmless for people.

const LONGEST = 80;
/** UTF-16 units shown of one grapheme, which may consist of thousands of combining marks. */
const UNITS_PER_GRAPHEME = 16;

/**
 * Characters that move or hide the text around them: controls beyond C0, bidi marks and overrides, zero width, separators.
 */
const INVISIBLE =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are to be found
const CONTROL = /[\u0000-\u001f]/g;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * A text from outside, made fit for one line: cut at `longest` graphemes, control characters as their pictures (`␊`),
 * invisible characters and bidi overrides by name (`[U+202E]`), so that a name can neither break a line nor reorder the
 * words around it. Each channel escapes its own markup.
 */
export function displayText(text: string, longest = LONGEST): string {
  if (text === '') return '(empty)';
  const visible = withoutLoneSurrogates(text.slice(0, longest * UNITS_PER_GRAPHEME))
    .replace(CONTROL, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replace(INVISIBLE, named);
  return cutText(visible, longest);
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
/** Marks that keep the direction of what is between them to itself. They show nothing. */
const ISOLATES = /[\u2068\u2069]/g;

/**
 * A name within a sentence: as displayText, and kept apart where it reads from right to left. Otherwise the number after it
 * would be shown before it.
 */
export function displayName(name: string, longest = LONGEST): string {
  const shown = displayText(name, longest);
  return RIGHT_TO_LEFT.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/** Without the marks of displayName, for those who draw text themselves. */
export function withoutIsolates(text: string): string {
  return text.replace(ISOLATES, '');
}

/** The rule author's own text: as displayText, but with its line breaks. */
export function displayLines(text: string, longest: number): string {
  const lines = text.trim().split(/\r\n|\r|\n/);
  return cutText(lines.map((line) => (line === '' ? '' : displayText(line, longest))).join('\n'), longest);
}

/** The text, cut with an ellipsis to at most `longest` graphemes. */
export function cutText(text: string, longest: number): string {
  if (text.length <= longest) return text;
  let kept = '';
  let count = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (count === longest) return `${kept.trimEnd()}…`;
    count += 1;
    if (count < longest) kept += segment;
    else if (kept.length + segment.length === text.length) return text;
  }
  return text;
}

/** How many columns a terminal or a fixed-width font gives a text: two for emoji and East Asian wide characters. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(withoutIsolates(text))) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|[\uff01-\uff60\uffe0-\uffe6]/u;

function named(character: string): string {
  return `[U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

function withoutLoneSurrogates(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** With a capital letter, as a sentence begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
