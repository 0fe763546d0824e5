// Adds up calls into lines of columns: one for each segment, group and bins, or one for each call.

import type { CallColumns, DecimalColumn, TextColumn } from '../../model/call-columns.ts';
import type { Measure } from '../../model/measure.ts';
import { type Fixed, ONE } from '../../model/money.ts';
import type { Dimension } from '../../model/series.ts';
import type { CallFacts } from './call-facts.ts';
import { amountOf, binOf } from './call-measures.ts';
import { textIn } from './numbers.ts';

export interface LinesAsked {
  readonly dimensions: readonly Dimension[];
  /** Additive ones. */
  readonly measures: readonly Measure[];
  readonly sketches: readonly Measure[];
  readonly together: boolean;
}

export interface Lines {
  add(segment: number, call: CallFacts): void;
  columns(): CallColumns;
}

export function openLines({ dimensions, measures, sketches, together }: LinesAsked): Lines {
  const texts = dimensions.map((name) => openTexts(name));
  const bins = sketches.map((sketch) => ({ sketch, of: binOf(sketch), values: [] as number[] }));
  const sums = measures.map((measure) => ({ measure, of: amountOf(measure), values: [] as Fixed[] }));
  const segments: number[] = [];
  const known = new Map<string, number>();
  return {
    add(segment, call) {
      const places = texts.map((one) => one.placeOf(call));
      const own = bins.map((one) => one.of(call));
      const name = together ? `${segment} ${places.join(' ')} ${own.join(' ')}` : '';
      let line = together ? known.get(name) : undefined;
      if (line === undefined) {
        line = segments.push(segment) - 1;
        if (together) known.set(name, line);
        for (const [i, one] of texts.entries()) one.places.push(places[i] as number);
        for (const [i, one] of bins.entries()) one.values.push(own[i] as number);
        for (const one of sums) one.values.push(one.of(call));
        return;
      }
      for (const one of sums) one.values[line] = (one.values[line] as Fixed) + one.of(call);
    },
    columns: () => ({
      length: segments.length,
      segments: Int32Array.from(segments),
      dimensions: new Map(texts.map((one) => [one.dimension, one.column()])),
      sums: new Map(sums.map(({ measure, values }) => [measure, decimalColumn(values)])),
      bins: new Map(bins.map(({ sketch, values }) => [sketch, Int32Array.from(values)])),
    }),
  };
}

interface Texts {
  readonly dimension: Dimension;
  readonly places: number[];
  placeOf(call: CallFacts): number;
  column(): TextColumn;
}

function openTexts(dimension: Dimension): Texts {
  const values: (string | null)[] = [];
  const known = new Map<string | null, number>();
  const places: number[] = [];
  return {
    dimension,
    places,
    placeOf(call) {
      const text = textIn(call.value(dimension));
      let place = known.get(text);
      if (place === undefined) {
        place = values.push(text) - 1;
        known.set(text, place);
      }
      return place;
    },
    column: () => ({ values, places: Int32Array.from(places) }),
  };
}

function decimalColumn(values: readonly Fixed[]): DecimalColumn {
  const units = new Float64Array(values.length);
  let parts: Float64Array | null = null;
  for (const [line, value] of values.entries()) {
    units[line] = Number(value / ONE);
    const part = Number(value % ONE);
    if (part === 0) continue;
    parts ??= new Float64Array(values.length);
    parts[line] = part;
  }
  return { units, parts };
}
