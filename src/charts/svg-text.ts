// Text in pictures: how wide it is, and what of it the font can show.

import type { MessageChart } from '../model/chart.ts';
import { cutText, withoutIsolates } from '../model/display-text.ts';
import { htmlText } from '../model/html-text.ts';

interface TextPlace {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly color: string;
  readonly anchor?: 'middle' | 'end';
  readonly bold?: boolean;
}

/** A text as an element. */
export function svgText(text: string, { x, y, size, color, anchor, bold = false }: TextPlace): string {
  const weight = bold ? ' font-weight="bold"' : '';
  const place = anchor === undefined ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${color}"${weight}${place}>${htmlText(text)}</text>`;
}

/** A text over lines: on a rim of paper, so that it stays readable. */
export function labelOf(text: string, place: TextPlace): string {
  const rim = svgText(text, { ...place, color: '#ffffff' }).replace(
    '<text ',
    '<text stroke="#ffffff" stroke-width="6" stroke-linejoin="round" opacity="0.85" ',
  );
  return `${rim}\n${svgText(text, place)}`;
}

/** About how wide a text is; rather too wide than too narrow. */
export function textWidth(text: string, size: number, isBold = false): number {
  return (
    [...text].reduce((width, letter) => width + (NARROW.test(letter) ? 0.4 : isBold ? 0.72 : 0.65), 0) * size
  );
}

const NARROW = /[ .,:;'|!/()[\]ijl]/;

/** Scripts of which the font has every letter: a box in place of a name says nothing. */
const DRAWABLE =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Armenian}\p{Script=Georgian}\u0020-\u007e\u00a0-\u00ff\p{Script=Inherited}\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*$/u;

/** The title as far as it fits; without the group's name where the font cannot write it. */
export function fittedTitle(
  { title: whole, plainTitle }: Pick<MessageChart, 'title' | 'plainTitle'>,
  width: number,
  size: number,
): string {
  const title = withoutIsolates(whole);
  if (!DRAWABLE.test(title)) return plainTitle;
  if (textWidth(title, size, true) <= width) return title;
  // What is measured stands at the end, and stays.
  const measured = title.endsWith(plainTitle) ? `: ${plainTitle}` : '';
  const name = title.slice(0, title.length - measured.length);
  for (let length = name.length - 1; length > 0; length -= 1) {
    const cut = `${cutText(name, length)}${measured}`;
    if (textWidth(cut, size, true) <= width) return cut;
  }
  return plainTitle;
}
