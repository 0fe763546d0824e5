// Escapes what a template puts out, so that no value becomes more than a value.

import { cutText, displayText } from '../model/display-text.ts';
import { TemplateError, type TemplateKind } from './template.ts';

const LONGEST_OUTPUT = 500;
/** Around the JSON of a value in the output of a template, until its place is known. No JSON text holds them. */
const BEGIN = '\u0000';
const END = '\u0001';

/** Whether a template's own text holds what marks values. */
export function holdsMarks(text: string): boolean {
  return text.includes(BEGIN) || text.includes(END);
}

/** The output of one value. */
export function escapedFor(kind: TemplateKind, value: unknown): string {
  if (kind === 'json') return `${BEGIN}${JSON.stringify(value) ?? 'null'}${END}`;
  const text = textOf(value);
  if (text === '') return '';
  return kind === 'url' ? encoded(text) : displayText(text, LONGEST_OUTPUT);
}

/** What is made of all that a template puts out. */
export function finished(kind: TemplateKind, output: string): string {
  return kind === 'json' ? withValues(output) : output;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Every character that is not a letter, a digit or one of `-_.~`. */
function encoded(text: string): string {
  return encodeURIComponent(cutText(text.replace(/\p{Surrogate}/gu, '\ufffd'), LONGEST_OUTPUT)).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Puts values into JSON text: as JSON where a value may stand, and as a part of the text within a JSON string. Only the
 * template's own text decides which it is.
 */
function withValues(output: string): string {
  let made = '';
  let isInString = false;
  for (const [i, part] of output.split(BEGIN).entries()) {
    const [value = '', own = ''] = i === 0 ? [undefined, part] : part.split(END);
    made += isInString && value !== '' ? JSON.stringify(textOf(JSON.parse(value))).slice(1, -1) : value;
    for (const [token] of own.matchAll(/\\[\s\S]?|"|[^"\\]+/g)) {
      if (token === '"') isInString = !isInString;
      // It would take away the meaning of the first character of a value.
      if (token === '\\') throw new TemplateError('a backslash stands before a value');
    }
    made += own;
  }
  return made;
}
