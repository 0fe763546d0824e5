// Draws the spend of each day as SVG.

import type { DaysChart } from '../model/chart.ts';
import {
  belowPlot,
  COLORS,
  heading,
  LABEL,
  PLOT,
  placed,
  svgOf,
  type ValueScale,
  valueAxis,
  valueScale,
  WIDTH,
} from './frame.ts';
import { svgText, textWidth } from './svg-text.ts';

/** Texts beside the signs of what they explain. */
const LEGEND = 22;
const SIGN = 26;
const GAP = 10;

/** Where days and values lie in the picture. */
interface Scales extends ValueScale {
  /** The width of a day. */
  readonly width: number;
  /** The middle of a day. */
  x(day: number): number;
}

/** The bars of a period, and the line of the one before, as SVG of the size of `chartSvg`. Pure. */
export function daysSvg(chart: DaysChart): string {
  const { left, y } = valueScale(chart.ticks);
  const width = (PLOT.right - left) / (chart.days.length || 1);
  const scales: Scales = { left, y, width, x: (day) => placed(left + (day + 0.5) * width) };
  return svgOf([
    heading(chart),
    legend(chart),
    valueAxis(chart.ticks, scales),
    bars(chart, scales),
    lineBefore(chart, scales),
    labels(chart, scales),
  ]);
}

/** Both texts side by side, as large as there is room. */
function legend({ now, before }: DaysChart): string {
  const signs = 2 * (SIGN + GAP) + GAP;
  const needed = textWidth(now, LEGEND) + textWidth(before ?? '', LEGEND) + signs;
  const size = placed(Math.min(LEGEND, (LEGEND * (WIDTH - 36 - signs)) / (needed - signs)));
  const text = { y: 84, size, color: COLORS.ink };
  const bar = [
    `<rect x="18" y="66" width="${SIGN}" height="20" fill="${COLORS.line}"/>`,
    svgText(now, { ...text, x: 18 + SIGN + GAP }),
  ];
  if (before === null) return bar.join('\n');
  const start = placed(WIDTH - 18 - textWidth(before, size));
  return [
    ...bar,
    `<path d="M${placed(start - GAP - SIGN)} 76h${SIGN}" stroke="${COLORS.usual}" stroke-width="5"/>`,
    svgText(before, { ...text, x: start }),
  ].join('\n');
}

function bars({ days }: DaysChart, { width, x, y }: Scales): string {
  const wide = placed(width * 0.72);
  return days
    .flatMap(({ value }, i) => {
      if (value === null) return [];
      const [top, bottom] = value < 0 ? [y(0), y(value)] : [y(value), y(0)];
      const place = `x="${placed(x(i) - wide / 2)}" y="${top}" width="${wide}" height="${placed(bottom - top)}"`;
      return [`<rect ${place} fill="${COLORS.line}"/>`];
    })
    .join('\n');
}

/** On a rim of paper, so that it is seen over the bars. A gap is where the period before has no such day. */
function lineBefore({ days }: DaysChart, { x, y }: Scales): string {
  const points = days.flatMap(({ before }, i) => (before === null ? [] : [`${x(i)} ${y(before)}`]));
  if (points.length < 2) return '';
  const path = `<path d="M${points.join('L')}" fill="none" stroke-linejoin="round"`;
  return [
    `${path} stroke="${COLORS.paper}" stroke-width="9" opacity="0.85"/>`,
    `${path} stroke="${COLORS.usual}" stroke-width="4.5"/>`,
  ].join('\n');
}

/** As many labels as have room. */
function labels({ days }: DaysChart, { width, x }: Scales): string {
  const widest = days.reduce((most, { label }) => Math.max(most, textWidth(label, LABEL)), 0);
  const every = Math.max(1, Math.ceil((widest + GAP) / width));
  return days.flatMap(({ label }, i) => (i % every === 0 ? [belowPlot(label, x(i))] : [])).join('\n');
}
