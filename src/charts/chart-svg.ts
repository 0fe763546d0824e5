// Draws a chart as SVG.

import type { Chart } from '../model/chart.ts';
import { localTime } from '../model/display-time.ts';
import { smallestOf } from '../model/extremes.ts';
import {
  belowPlot,
  COLORS,
  clamped,
  heading,
  LABEL,
  PLOT,
  placed,
  svgOf,
  TITLE,
  type ValueScale,
  valueAxis,
  valueScale,
  WIDTH,
} from './frame.ts';
import { labelOf, svgText, textWidth } from './svg-text.ts';
import { timeTicks } from './time-ticks.ts';

/** Where instants and values lie in the picture. */
interface Scales extends ValueScale {
  x(at: number): number;
}

/** The chart as SVG of 720 × 420, dark on white, so that it reads on any background. Pure. */
export function chartSvg(chart: Chart): string {
  const scales = scalesOf(chart);
  return svgOf([
    heading(chart),
    lastValue(chart),
    windowShade(chart, scales),
    axes(chart, scales),
    usualRange(chart, scales),
    line(chart, scales),
    limits(chart, scales),
    onset(chart, scales),
  ]);
}

function scalesOf({ ticks, points }: Chart): Scales {
  const [from, to] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 1];
  const { left, y } = valueScale(ticks);
  return { left, x: (at) => placed(left + ((at - from) / (to - from || 1)) * (PLOT.right - left)), y };
}

/** The value at the end, below what is shown. */
function lastValue(chart: Chart): string {
  const zone = svgText(chart.zone, { x: WIDTH - 18, y: 84, size: 21, color: COLORS.soft, anchor: 'end' });
  return [svgText(chart.last, { x: 18, y: 84, size: TITLE, color: COLORS.critical, bold: true }), zone].join(
    '\n',
  );
}

function windowShade({ window, points }: Chart, { x }: Scales): string {
  const from = x(Math.max(window.from, points[0]?.[0] ?? 0));
  const to = x(Math.min(window.to, points.at(-1)?.[0] ?? 0));
  const width = placed(Math.max(2, to - from));
  return `<rect x="${from}" y="${PLOT.top}" width="${width}" height="${PLOT.bottom - PLOT.top}" fill="${COLORS.line}" opacity="0.1"/>`;
}

function axes({ ticks, points, zone }: Chart, { left, x, y }: Scales): string {
  const times = timeTicks(points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0, zone).flatMap(({ at, label }) => {
    const middle = clamped(x(at), textWidth(label, LABEL) / 2, left - 20);
    return [
      `<path d="M${x(at)} ${PLOT.bottom}v6" stroke="${COLORS.soft}" stroke-width="1.5"/>`,
      belowPlot(label, middle),
    ];
  });
  return [valueAxis(ticks, { left, y }), ...times].join('\n');
}

/** The line, with gaps where there were no values; a value between two gaps is a dot. */
function line({ points }: Chart, { x, y }: Scales): string {
  const stretches: [number, number][][] = [[]];
  for (const [at, value] of points) {
    if (value === null) stretches.push([]);
    else stretches.at(-1)?.push([x(at), y(value)]);
  }
  const drawn = stretches.flatMap((stretch) => {
    const [first, ...more] = stretch;
    if (first === undefined) return [];
    if (more.length === 0) return [`<circle cx="${first[0]}" cy="${first[1]}" r="4" fill="${COLORS.line}"/>`];
    const path = stretch.map(([px, py]) => `${px} ${py}`).join('L');
    const base = Math.min(y(0), PLOT.bottom);
    return [
      `<path d="M${first[0]} ${base}L${path}V${base}Z" fill="${COLORS.line}" opacity="0.12"/>`,
      `<path d="M${path}" fill="none" stroke="${COLORS.line}" stroke-width="3" stroke-linejoin="round"/>`,
    ];
  });
  const [lastAt = 0, last = null] = points.at(-1) ?? [];
  const dot =
    last === null
      ? []
      : [
          `<circle cx="${x(lastAt)}" cy="${y(last)}" r="6" fill="${COLORS.critical}" stroke="${COLORS.paper}" stroke-width="2"/>`,
        ];
  return [...drawn, ...dot].join('\n');
}

/** Labels of limits that lie close together stand side by side. */
function limits(chart: Chart, { left, y }: Scales): string {
  let before: { readonly y: number; readonly end: number } | null = null;
  return chart.limits
    .map(({ value, label, severity }) => {
      const at = y(value);
      const above = at - 8 < PLOT.top + 18 ? at + 28 : at - 8;
      const isClose = before !== null && Math.abs(before.y - above) < LABEL + 2;
      const start: number = isClose && before !== null ? before.end + 24 : left + 8;
      before = { y: above, end: start + textWidth(label, LABEL) };
      const color = COLORS[severity];
      return [
        `<path d="M${left} ${at}H${PLOT.right}" stroke="${color}" stroke-width="2.5" stroke-dasharray="9 6"/>`,
        labelOf(label, { x: start, y: above, size: LABEL, color }),
      ].join('\n');
    })
    .join('\n');
}

/** The usual values are those of the window alone: at other times others are usual. */
function usualRange({ usual, window, points, ticks }: Chart, { left, x, y }: Scales): string {
  if (usual === null) return '';
  const from = x(Math.max(window.from, points[0]?.[0] ?? 0));
  const to = Math.max(from + 6, x(window.to));
  const top = y(Math.min(usual.high ?? usual.mean, ticks.at(-1)?.value ?? 0));
  const bottom = y(Math.max(usual.low ?? usual.mean, ticks[0]?.value ?? 0));
  const width = textWidth(usual.label, LABEL);
  const hasRoom = from - left > width + 16;
  const label = hasRoom ? { x: from - 8, anchor: 'end' as const } : { x: from + 8 };
  // Above the line, which would strike the label out.
  const under = points.filter(([at]) => hasRoom && x(at) > from - width - 16 && x(at) < from);
  const above = smallestOf([y(usual.mean), ...under.map(([, value]) => y(value ?? 0))]) - 8;
  const baseline = above < PLOT.top + 18 ? y(usual.mean) - 8 : above;
  return [
    `<rect x="${from}" y="${top}" width="${placed(to - from)}" height="${placed(Math.max(2, bottom - top))}" fill="${COLORS.usual}" opacity="0.25"/>`,
    `<path d="M${from} ${y(usual.mean)}H${to}" stroke="${COLORS.usual}" stroke-width="3"/>`,
    labelOf(usual.label, { ...label, y: baseline, size: LABEL, color: COLORS.usual }),
  ].join('\n');
}

function onset({ onset: at, points, zone }: Chart, { x }: Scales): string {
  const [from, to] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  if (at === null || at < from || at > to) return '';
  const isLate = x(at) > WIDTH / 2;
  return [
    `<path d="M${x(at)} ${PLOT.top}V${PLOT.bottom}" stroke="${COLORS.ink}" stroke-width="2" stroke-dasharray="3 4"/>`,
    labelOf(`began ${localTime(at, zone).slice(11, 16)}`, {
      x: x(at) + (isLate ? -8 : 8),
      y: PLOT.top + 24,
      size: LABEL,
      color: COLORS.ink,
      ...(isLate && { anchor: 'end' as const }),
    }),
  ].join('\n');
}
