// Cells as text, for the state store.

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Measure } from '../../model/measure.ts';
import type { GroupKey } from '../../model/series.ts';
import type { KeyDictionary, PackedCells } from '../series/packed-cells.ts';

/** What the text of an hour or a day holds: keys, and per cell the units and parts of every measure. */
interface StoredText {
  readonly measures: readonly Measure[];
  readonly keys: readonly GroupKey[];
  readonly units: readonly number[];
  readonly parts: readonly number[];
}

/** Whole cells as text: JSON, deflated, in base64. */
export function cellText(
  cells: PackedCells,
  dictionary: KeyDictionary,
  measures: readonly Measure[],
): string {
  const known = measures.flatMap((_, place) => (cells.lacks.includes(place) ? [] : [place]));
  const pick = (values: Float64Array): number[] =>
    [...cells.keys].flatMap((_, i) => known.map((place) => values[i * measures.length + place] as number));
  const stored: StoredText = {
    measures: known.map((place) => measures[place] as Measure),
    keys: [...cells.keys].map((key) => dictionary.keys[key] as GroupKey),
    units: pick(cells.units),
    parts: pick(cells.parts),
  };
  return deflateRawSync(JSON.stringify(stored), { level: 1 }).toString('base64');
}

/** The cells again, with the wanted measures as far as they were kept. */
export function cellsFromText(
  text: string,
  dictionary: KeyDictionary,
  wanted: readonly Measure[],
): PackedCells {
  const stored = JSON.parse(inflateRawSync(Buffer.from(text, 'base64')).toString()) as StoredText;
  const places = wanted.map((measure) => stored.measures.indexOf(measure));
  const pick = (values: readonly number[]): Float64Array => {
    const picked = new Float64Array(stored.keys.length * wanted.length);
    stored.keys.forEach((_, cell) => {
      places.forEach((place, m) => {
        if (place >= 0)
          picked[cell * wanted.length + m] = values[cell * stored.measures.length + place] as number;
      });
    });
    return picked;
  };
  const keys = Int32Array.from(stored.keys, (key) => dictionary.numberOf(key));
  const lacks = places.flatMap((place, m) => (place < 0 ? [m] : []));
  return { keys, units: pick(stored.units), parts: pick(stored.parts), minutes: null, origins: null, lacks };
}
