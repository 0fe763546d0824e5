import type { CallColumns, DecimalColumn, TextColumn } from '../../src/model/call-columns.ts';
import type { Measure } from '../../src/model/measure.ts';
import type { Dimension, GroupKey } from '../../src/model/series.ts';

/** A line of an answer: `sums` are decimals as text. */
export interface Line {
  readonly segment: number;
  readonly key: GroupKey;
  readonly sums: readonly string[];
}

/** Lines in columns, as a store gives them. */
export function columnsOf(
  dimensions: readonly Dimension[],
  measures: readonly Measure[],
  lines: readonly Line[],
): CallColumns {
  return {
    length: lines.length,
    segments: Int32Array.from(lines, ({ segment }) => segment),
    dimensions: new Map(
      dimensions.map((dimension, i) => [dimension, textColumn(lines.map(({ key }) => key[i] ?? null))]),
    ),
    sums: new Map(
      measures.map((measure, i) => [measure, decimalColumn(lines.map(({ sums }) => sums[i] ?? '0'))]),
    ),
    bins: new Map(),
  };
}

/** The lines of columns, which stand for each other where they are equal. */
export function linesOf({ length, segments, dimensions, sums, bins: byMeasure }: CallColumns): Line[] {
  return Array.from({ length }, (_, line) => ({
    segment: segments[line] as number,
    key: [
      ...[...dimensions.values()].map(({ values, places }) => values[places[line] as number] ?? null),
      ...[...byMeasure.values()].map((bins) => String(bins[line])),
    ],
    sums: [...sums.values()].map(({ units, parts }) => `${units[line]} and ${parts?.[line] ?? 0}`),
  }));
}

function textColumn(texts: readonly (string | null)[]): TextColumn {
  const values = [...new Set(texts)];
  return { values, places: Int32Array.from(texts, (text) => values.indexOf(text)) };
}

function decimalColumn(decimals: readonly string[]): DecimalColumn {
  const both = decimals.map((decimal) => {
    const [, sign = '', units = '', parts = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(decimal) ?? [];
    const size = sign === '' ? 1 : -1;
    return [size * Number(units), size * Number(parts.padEnd(12, '0'))] as const;
  });
  const parts = Float64Array.from(both, ([, part]) => part + 0);
  return {
    units: Float64Array.from(both, ([unit]) => unit + 0),
    parts: parts.every((part) => part === 0) ? null : parts,
  };
}
