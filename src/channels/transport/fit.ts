// Cuts a text to what a receiver takes, measured after it is escaped.

import { cutText } from '../../model/display-text.ts';

/**
 * As much of the text as makes at most `longest` units once it is encoded, cut between graphemes. `sizeOf` measures the
 * encoded text: in UTF-16 units unless it says otherwise.
 */
export function fitted(
  text: string,
  longest: number,
  encode: (text: string) => string,
  sizeOf: (encoded: string) => number = unitsOf,
): string {
  const whole = encode(text);
  if (sizeOf(whole) <= longest) return whole;
  let [fits, tooMany] = [0, Math.min(text.length, longest) + 1];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (sizeOf(encode(cutText(text, middle))) <= longest) fits = middle;
    else tooMany = middle;
  }
  return fits === 0 ? '' : encode(cutText(text, fits));
}

/** The size of a text in UTF-8, for receivers that count bytes. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

function unitsOf(text: string): number {
  return text.length;
}
