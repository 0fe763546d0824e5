// Closed buckets as text, for the state store.

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Measure } from '../../model/measure.ts';
import type { GroupKey } from '../../model/series.ts';
import type { Bucket } from '../series/buckets.ts';
import type { GroupIndex } from '../series/group-index.ts';
import { type Column, type Layout, layoutOf } from '../series/layout.ts';

/** What the text of a bucket holds: keys of groups, and for each the units and parts of every measure. */
interface StoredText {
  readonly measures: readonly Measure[];
  readonly keys: readonly GroupKey[];
  readonly units: readonly number[];
  readonly parts: readonly number[];
}

/** A bucket as text: JSON, deflated, in base64. */
export function bucketText(bucket: Bucket, groups: GroupIndex, measures: readonly Measure[]): string {
  const { columns, width } = layoutOf(measures);
  const known = measures.flatMap((_, place) => (bucket.lacks.includes(place) ? [] : [place]));
  const pick = (of: (column: Column) => number | null): number[] =>
    [...bucket.groups].flatMap((_, row) =>
      known.map((place) => {
        const at = of(columns[place] as Column);
        return at === null ? 0 : (bucket.values[row * width + at] as number);
      }),
    );
  const stored: StoredText = {
    measures: known.map((place) => measures[place] as Measure),
    keys: [...bucket.groups].map((group) => groups.keys[group] as GroupKey),
    units: pick(({ units }) => units),
    parts: pick(({ parts }) => parts),
  };
  return deflateRawSync(JSON.stringify(stored), { level: 1 }).toString('base64');
}

/** The bucket again, with the measures of the layout as far as they were kept. */
export function bucketFromText(
  text: string,
  groups: GroupIndex,
  { measures: wanted, columns, width }: Layout,
): Bucket {
  const stored = JSON.parse(inflateRawSync(Buffer.from(text, 'base64')).toString()) as StoredText;
  const places = wanted.map((measure) => stored.measures.indexOf(measure));
  const rows = stored.keys.length;
  const values = new Float64Array(rows * width);
  for (const [m, { units, parts }] of columns.entries()) {
    const place = places[m] as number;
    if (place < 0) continue;
    for (let row = 0; row < rows; row += 1) {
      const from = row * stored.measures.length + place;
      values[row * width + units] = stored.units[from] as number;
      if (parts !== null) values[row * width + parts] = stored.parts[from] as number;
    }
  }
  return {
    groups: Int32Array.from(stored.keys, (key) => groups.numberOf(key)),
    values,
    lacks: places.flatMap((place, m) => (place < 0 ? [m] : [])),
  };
}
