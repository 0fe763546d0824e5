// Sums of calls by segment, dimensions and bins: one statement for several questions, whose rows are read once.

import { type CallColumns, type DecimalColumn, NO_BIN, type TextColumn } from '../../model/call-columns.ts';
import type { PriceTable } from '../../model/call-prices.ts';
import type { Measure } from '../../model/measure.ts';
import type { Dimension } from '../../model/series.ts';
import type { RowsAsked } from '../rows/answers.ts';
import type { LinesAsked } from '../rows/lines.ts';
import { callsOf } from './calls-sql.ts';
import type { Value } from './connection.ts';
import { sumsSql } from './measures-sql.ts';
import { Parameters, type Statement } from './names.ts';
import type { Table } from './table.ts';

interface Layout {
  readonly dimensions: readonly Dimension[];
  readonly sketches: readonly Measure[];
  readonly measures: readonly Measure[];
  /** The keys of each question, besides the segment. */
  readonly keys: readonly (readonly string[])[];
  /** What grouping() gives for each question: a bit, the first key's the highest, for each key that is not its own. */
  readonly masks: readonly number[];
}

/** The answer has the columns g, s, the dimensions, the bins, and for each measure units and parts. */
export function linesSql(
  asked: readonly LinesAsked[],
  { edges, ranges, where }: RowsAsked,
  table: Table,
  prices: PriceTable | null,
): Statement {
  const parameters = new Parameters();
  const { dimensions, sketches, measures, keys } = layoutOf(asked);
  const calls = callsOf(
    { dimensions, measures: [...measures, ...sketches], where, ranges },
    table,
    prices,
    parameters,
  );
  const segment = `roundDown(sw_at, ${parameters.add([...edges], 'Array(Int64)')})`;
  const all = allKeys(dimensions, sketches);
  const sets = [...new Set(keys.map((own) => `(${['sw_s', ...own].join(', ')})`))];
  const columns = [
    sets.length === 1 || all.length === 0 ? '0 AS sw_g' : `grouping(${all.join(', ')}) AS sw_g`,
    `${segment} AS sw_s`,
    ...all,
    ...measures.flatMap((measure, i) => {
      const [units, parts] = sumsSql(measure);
      return [`${units} AS sw_u${i}`, `${parts ?? '0'} AS sw_f${i}`];
    }),
  ];
  const groups =
    sets.length === 1 ? `GROUP BY ${sets[0]?.slice(1, -1)}` : `GROUP BY GROUPING SETS (${sets.join(', ')})`;
  return {
    text: calls.select(columns, groups),
    values: parameters.values,
  };
}

/** The answer's columns by question, in the order asked. */
export function linesOf(
  asked: readonly LinesAsked[],
  edges: readonly number[],
  columns: readonly (readonly Value[])[],
): CallColumns[] {
  const { dimensions, sketches, measures, keys, masks } = layoutOf(asked);
  const isOne = new Set(keys.map((own) => own.join())).size === 1;
  const places = new Map(edges.map((edge, i) => [edge, i]));
  const [groups = [], segments = []] = columns;
  const keyAt = (place: number): readonly Value[] => columns[2 + place] ?? [];
  const sumAt = (place: number): readonly Value[] =>
    columns[2 + dimensions.length + sketches.length + place] ?? [];
  return asked.map((one, i) => {
    const lines: number[] = [];
    for (let line = 0; line < groups.length; line += 1)
      if (isOne || Number(groups[line]) === masks[i]) lines.push(line);
    return {
      length: lines.length,
      segments: Int32Array.from(lines, (line) => places.get(Number(segments[line])) ?? 0),
      dimensions: new Map(
        one.dimensions.map((name) => [name, textColumn(keyAt(dimensions.indexOf(name)), lines)]),
      ),
      sums: new Map(
        one.measures.map((measure) => {
          const place = 2 * measures.indexOf(measure);
          return [measure, decimalColumn(sumAt(place), sumAt(place + 1), lines)];
        }),
      ),
      bins: new Map(
        one.sketches.map((sketch) => {
          const bins = keyAt(dimensions.length + sketches.indexOf(sketch));
          return [
            sketch,
            Int32Array.from(lines, (line) => (bins[line] === null ? NO_BIN : Number(bins[line]))),
          ];
        }),
      ),
    };
  });
}

function layoutOf(asked: readonly LinesAsked[]): Layout {
  const dimensions = [...new Set(asked.flatMap((one) => one.dimensions))];
  const sketches = [...new Set(asked.flatMap((one) => one.sketches))];
  const all = allKeys(dimensions, sketches);
  const keys = asked.map((one) => {
    const own = new Set<string>([
      ...one.dimensions.map((name) => `sw_d${dimensions.indexOf(name)}`),
      ...one.sketches.map((sketch) => `sw_b${sketches.indexOf(sketch)}`),
    ]);
    return all.filter((key) => own.has(key));
  });
  return {
    dimensions,
    sketches,
    measures: [...new Set(asked.flatMap((one) => one.measures))],
    keys,
    masks: keys.map((own) => all.reduce((bits, key) => bits * 2 + (own.includes(key) ? 0 : 1), 0)),
  };
}

function allKeys(dimensions: readonly Dimension[], sketches: readonly Measure[]): string[] {
  return [...dimensions.map((_, i) => `sw_d${i}`), ...sketches.map((_, i) => `sw_b${i}`)];
}

function textColumn(texts: readonly Value[], lines: readonly number[]): TextColumn {
  const known = new Map<string | null, number>();
  const places = Int32Array.from(lines, (line) => {
    const text = (texts[line] ?? null) as string | null;
    let place = known.get(text);
    if (place === undefined) {
      place = known.size;
      known.set(text, place);
    }
    return place;
  });
  return { values: [...known.keys()], places };
}

function decimalColumn(
  units: readonly Value[],
  parts: readonly Value[],
  lines: readonly number[],
): DecimalColumn {
  const own = Float64Array.from(lines, (line) => Number(parts[line]));
  return {
    units: Float64Array.from(lines, (line) => Number(units[line])),
    parts: own.some((part) => part !== 0) ? own : null,
  };
}
