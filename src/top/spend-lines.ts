// Spend a minute over the last hour, as bars.

import { localClock } from '../model/display-time.ts';
import { displayValue } from '../model/display-value.ts';
import { cutToWidth } from '../model/fitted-table.ts';
import { type Fixed, toNumber } from '../model/money.ts';
import { unpricedCallsText } from '../model/unpriced-text.ts';
import { aMinute, type Figures, MINUTES, NOW_MINUTES } from './figures.ts';
import type { Place } from './view-data.ts';

const MINUTE = 60_000;
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** A minute has at most so many columns. */
const WIDEST = 3;
/** `02:05 ` before the bars, and the same after them. */
const CLOCK = 6;

/** A line of figures, and bars of `height` lines. */
export function spendLines({ data, width, paint }: Place, height: number): string[] {
  const { audit, spend, zone } = data;
  const figures = audit.answer;
  if (figures === null) return [];
  const { at, minutes, unpriced } = figures;
  const unpricedLine =
    unpriced === null
      ? []
      : [paint('warning', cutToWidth(`at least: ${unpricedCallsText(unpriced)}`, width))];
  if (minutes === null) return [paint('warning', 'spend a minute: not known'), ...unpricedLine];
  const columns = Math.min(WIDEST, Math.max(1, Math.floor((width - 2 * CLOCK) / MINUTES)));
  const shown = minutes.slice(-Math.floor((width - 2 * CLOCK) / columns));
  const from = at - shown.length * MINUTE;
  const rows = bars(shown.map(toNumber), height).map((row) =>
    [...row].map((bar) => bar.repeat(columns)).join(''),
  );
  return [
    paint(
      'bold',
      cutToWidth(
        summary(figures, (value) => displayValue(spend, value), zone),
        width,
      ),
    ),
    ...rows.map((row, i) => {
      const isLast = i === rows.length - 1;
      const [left, right] = isLast ? [localClock(from, zone), localClock(at, zone)] : ['', ''];
      return `${paint('dim', left.padEnd(CLOCK))}${paint('info', row)} ${paint('dim', right)}`.trimEnd();
    }),
    ...unpricedLine,
  ];
}

function summary({ at, minutes }: Figures, shown: (value: Fixed) => string, zone: string): string {
  const all = minutes ?? [];
  const sum = (some: readonly Fixed[]): Fixed => some.reduce((total, one) => total + one, 0n);
  const rate = aMinute(sum(all.slice(-NOW_MINUTES)));
  const place = placeOfHighest(all);
  const highest = all[place] ?? 0n;
  const peakAt = localClock(at - (all.length - place) * MINUTE, zone);
  const peak = highest <= 0n ? '' : `, peak ${shown(highest)} at ${peakAt}`;
  return `spend ${shown(rate)} a minute (${NOW_MINUTES} min), ${shown(sum(all))} in the hour${peak}`;
}

/** Of equal ones the latest. */
function placeOfHighest(values: readonly Fixed[]): number {
  return values.reduce((highest, value, i) => (value >= (values[highest] as Fixed) ? i : highest), 0);
}

/** The rows of a bar chart, the top one first. Whatever is above 0 shows. */
export function bars(values: readonly number[], height: number): string[] {
  const highest = values.reduce((most, one) => Math.max(most, one), 0);
  const eighths = values.map((value) =>
    value <= 0 || highest === 0 ? 0 : Math.max(1, Math.round((value / highest) * height * 8)),
  );
  return Array.from({ length: height }, (_, i) => {
    const below = (height - 1 - i) * 8;
    return eighths.map((one) => EIGHTHS[Math.min(8, Math.max(0, one - below))]).join('');
  });
}
