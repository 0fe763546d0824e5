// A change against an earlier window, in words.

import { lengthText } from './first-sentence.ts';
import { type Fixed, formatFixed, ONE } from './money.ts';
import type { WrittenWindow } from './window.ts';
import { type Against, distanceBefore } from './window-before.ts';

/** The earlier window: `the hour before`, `the day before`, `28 days before`. */
export function beforeText(window: WrittenWindow, against: Against): string {
  const distance = distanceBefore(window, against);
  if (distance === null) return window.kind === 'rolling' ? `the ${lengthText(window.ms)} before` : '';
  if (distance === 'month') return 'the month before';
  return distance === 28 ? '28 days before' : `the ${distance === 1 ? 'day' : 'week'} before`;
}

/** The change in percent of a value before that is above 0: `+340 %`, `-75 %`; with a digit below 10 %. */
export function percentText(value: Fixed, before: Fixed): string {
  const percent = ((value - before) * 100n * ONE) / before;
  const size = percent < 0n ? -percent : percent;
  const places = size < 10n * ONE ? 1 : 0;
  const text = formatFixed(size, places).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${percent < 0n ? '-' : '+'}${text} %`;
}
