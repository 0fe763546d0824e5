// Draws one chart as SVG.

import { LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { largestOf } from '../model/extremes.ts';
import type { Severity } from '../model/rule.ts';
import type { SeriesPoint } from './rule-series.ts';

/** The content of a chart. Labels never contain text from the store, so they need no escaping. */
export interface Chart {
  readonly from: number;
  readonly to: number;
  /** A line's colour is that of its index. */
  readonly lines: readonly (readonly (SeriesPoint | null)[])[];
  /** The line around which the usual value and the edges of the band are drawn. */
  readonly band: readonly (SeriesPoint | null)[] | null;
  readonly limits: readonly { readonly severity: Severity; readonly value: number; readonly label: string }[];
  readonly alerts: readonly { readonly severity: Severity; readonly at: number; readonly value: number }[];
  readonly timeLabel: (at: number) => string;
  readonly valueLabel: (value: number) => string;
}

use([LineChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** A chart is drawn twice, for wide and for narrow screens: labels scaled down to a third could not be read. */
const SIZES = {
  broad: { width: 1080, height: 300, ticks: 8 },
  narrow: { width: 400, height: 260, ticks: 3 },
} as const;

/**
 * Draws a chart. Colours are CSS variables of the page around it (`--line-1`, `--critical`, `--grid`, …), so that one
 * drawing serves light, dark and print.
 */
export function chartSvg(chart: Chart, size: keyof typeof SIZES): string {
  const { width, height, ticks } = SIZES[size];
  const canvas = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const label = { color: 'var(--soft)', fontFamily: 'inherit', fontSize: 12 };
  const rule = { lineStyle: { color: 'var(--grid)' } };
  canvas.setOption({
    animation: false,
    grid: {
      left: 8,
      right: 16,
      top: 24,
      bottom: 8,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    xAxis: {
      type: 'value',
      min: chart.from,
      max: chart.to,
      interval: (chart.to - chart.from) / ticks,
      axisLine: rule,
      axisTick: rule,
      splitLine: { show: false },
      axisLabel: { ...label, formatter: chart.timeLabel, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      max: ({ max }: { readonly max: number }) => highest(chart, max),
      axisLine: rule,
      axisTick: rule,
      splitLine: rule,
      axisLabel: { ...label, formatter: chart.valueLabel },
    },
    series: [
      ...bandSeries(chart.band),
      ...chart.lines.map((points, i) => ({
        ...lineSeries(points, ({ value }) => value, {
          color: `var(--line-${i + 1})`,
          width: i === 0 ? 2 : 1.5,
        }),
        z: 10 - i,
        ...(i > 0 ? {} : { markLine: limitLines(chart) }),
      })),
      {
        type: 'scatter',
        silent: true,
        symbol: 'triangle',
        symbolSize: 11,
        z: 20,
        data: chart.alerts.map(({ severity, at, value }) => ({
          value: [at, value],
          itemStyle: { color: `var(--${severity})`, borderColor: 'var(--page)', borderWidth: 1, opacity: 1 },
        })),
      },
    ],
  });
  const svg = canvas.renderToSVGString();
  canvas.dispose();
  // With a fixed width it would not shrink with the page or the paper.
  return svg.replace(/^<svg width="\d+" height="\d+"/, `<svg class="${size}"`);
}

/** Whether a limit fits into the chart of these values. A limit far above them would flatten the lines. */
export function hasRoom(chart: Pick<Chart, 'lines'>, limit: number): boolean {
  const values = chart.lines.flat().flatMap((point) => point?.value ?? []);
  return limit <= 3 * values.reduce((a, b) => Math.max(a, b), 0);
}

/** The top of the axis where limits need room; null lets the values decide. */
function highest(chart: Chart, max: number): number | null {
  const limit = largestOf(
    chart.limits.map(({ value }) => value).filter((value) => hasRoom(chart, value)),
    0,
  );
  return limit > max ? limit * 1.1 : null;
}

function limitLines({ limits }: Chart) {
  return {
    silent: true,
    symbol: 'none',
    animation: false,
    data: limits.map(({ severity, value, label }, i) => ({
      yAxis: value,
      lineStyle: { color: `var(--${severity})`, type: 'dashed', width: 1.5 },
      label: {
        formatter: () => label,
        // Labels of limits that are close together are placed at opposite ends.
        position: i % 2 === 0 ? 'insideStartTop' : 'insideEndTop',
        color: `var(--${severity})`,
        fontSize: 12,
      },
    })),
  };
}

/** The usual value as a dotted line, and the edges of the band as dashed ones. */
function bandSeries(points: Chart['band']) {
  if (points === null) return [];
  const edges = [
    { of: ({ band }: SeriesPoint) => band?.mean ?? null, type: 'dotted' as const, color: 'var(--soft)' },
    { of: ({ band }: SeriesPoint) => band?.high ?? null, type: 'dashed' as const, color: 'var(--warning)' },
    { of: ({ band }: SeriesPoint) => band?.low ?? null, type: 'dashed' as const, color: 'var(--warning)' },
  ];
  return edges.map(({ of, type, color }) => lineSeries(points, of, { color, type, width: 1 }));
}

function lineSeries(
  points: readonly (SeriesPoint | null)[],
  of: (point: SeriesPoint) => number | null,
  style: { readonly color: string; readonly width: number; readonly type?: 'dotted' | 'dashed' },
) {
  return {
    type: 'line' as const,
    silent: true,
    symbol: 'none',
    connectNulls: false,
    lineStyle: style,
    itemStyle: { color: style.color },
    data: points.map((point, i) => {
      if (point === null) return [];
      const value = [point.at, of(point)];
      // A point between gaps would be an invisible line, so it is drawn as a dot.
      const isAlone = (points[i - 1] ?? null) === null && (points[i + 1] ?? null) === null;
      return isAlone ? { value, symbol: 'circle', symbolSize: 3 } : value;
    }),
  };
}
