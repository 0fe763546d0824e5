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
  const known = openKeys();
  /** What the lines are told apart by. One array for all calls: there may be millions. */
  const key = new Array<number>(1 + texts.length + bins.length);
  return {
    add(segment, call) {
      let at = 0;
      key[at++] = segment;
      for (const one of texts) key[at++] = one.placeOf(call);
      for (const one of bins) key[at++] = one.of(call);
      const next = segments.length;
      const line = together ? known.lineOf(key, next) : next;
      if (line < next) {
        for (const one of sums) one.values[line] = (one.values[line] as Fixed) + one.of(call);
        return;
      }
      at = 0;
      segments.push(key[at++] as number);
      for (const one of texts) one.places.push(key[at++] as number);
      for (const one of bins) one.values.push(key[at++] as number);
      for (const one of sums) one.values.push(one.of(call));
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

/** By each number of a key, the keys that go on from it; by the last one, the line. */
type Keys = Map<number, Keys | number>;

/** Finds the line of a key. A text for each key would take longer than all else of a sum. */
function openKeys(): { lineOf(key: readonly number[], next: number): number } {
  const root: Keys = new Map();
  return {
    lineOf(key, next) {
      let keys = root;
      const last = key.length - 1;
      for (let i = 0; i < last; i += 1) {
        let deeper = keys.get(key[i] as number) as Keys | undefined;
        if (deeper === undefined) {
          deeper = new Map();
          keys.set(key[i] as number, deeper);
        }
        keys = deeper;
      }
      const line = keys.get(key[last] as number) as number | undefined;
      if (line !== undefined) return line;
      keys.set(key[last] as number, next);
      return next;
    },
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
