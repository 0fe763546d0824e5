// What all pictures have in common: their size, colours and axis of values.

import type { ChartLevel, MessageChart } from '../model/chart.ts';
import { largestOf } from '../model/extremes.ts';
import { fittedTitle, svgText, textWidth } from './svg-text.ts';

/** In SVG units; a picture has more pixels. Half as large on a phone, the text can still be read. */
export const WIDTH = 720;
const HEIGHT = 420;
export const LABEL = 25;
export const TITLE = 29;
export const PLOT = { top: 116, bottom: HEIGHT - 48, right: WIDTH - 18 };
export const COLORS = {
  paper: '#ffffff',
  ink: '#1c2127',
  soft: '#55606b',
  grid: '#dfe3e8',
  line: '#2457a7',
  usual: '#8f5a00',
  info: '#2457a7',
  warning: '#8f5a00',
  critical: '#b3261e',
} as const;

/** Where values lie in the picture; `left` is where the plot begins. */
export interface ValueScale {
  readonly left: number;
  y(value: number): number;
}

/** The SVG of these elements, on white paper. */
export function svgOf(elements: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="DejaVu Sans" font-size="${LABEL}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="${COLORS.paper}"/>`,
    ...elements,
    '</svg>',
  ].join('\n');
}

/** From the first tick at the bottom to the last one at the top, with room for their labels. */
export function valueScale(ticks: readonly ChartLevel[]): ValueScale {
  const [low, high] = [ticks[0]?.value ?? 0, ticks.at(-1)?.value ?? 1];
  const height = PLOT.bottom - PLOT.top;
  return {
    left: 24 + largestOf(ticks.map(({ label }) => textWidth(label, LABEL))),
    y: (value) => placed(PLOT.bottom - ((value - low) / (high - low || 1)) * height),
  };
}

/** The ticks, each with a line across the plot. */
export function valueAxis(ticks: readonly ChartLevel[], { left, y }: ValueScale): string {
  return ticks
    .flatMap(({ value, label }) => [
      `<path d="M${left} ${y(value)}H${PLOT.right}" stroke="${value === 0 ? COLORS.soft : COLORS.grid}" stroke-width="1.5"/>`,
      svgText(label, { x: left - 8, y: y(value) + 9, size: LABEL, color: COLORS.soft, anchor: 'end' }),
    ])
    .join('\n');
}

/** What a picture is of, as its first line. */
export function heading(chart: Pick<MessageChart, 'title' | 'plainTitle'>): string {
  const place = { x: 18, y: 42, size: TITLE, color: COLORS.ink, bold: true };
  return svgText(fittedTitle(chart, WIDTH - 36, TITLE), place);
}

/** A text below the plot, around `middle`. */
export function belowPlot(text: string, middle: number): string {
  const place = { x: middle, y: PLOT.bottom + 34, size: LABEL, color: COLORS.soft };
  return svgText(text, { ...place, anchor: 'middle' });
}

/** A place such that a text of this half width does not leave the picture. */
export function clamped(middle: number, half: number, least: number): number {
  return placed(Math.max(least + half, Math.min(WIDTH - 8 - half, middle)));
}

/** Tenths are finer than a pixel. */
export function placed(value: number): number {
  return Math.round(value * 10) / 10;
}
