import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Measure } from '../model/measure.ts';
import type { GroupKey } from '../model/series.ts';
import type { KeyDictionary, PackedCells } from './packed-cells.ts';

/** What the text of an hour holds: keys, and per cell the units and parts of every measure. */
interface StoredCells {
  readonly measures: readonly Measure[];
  readonly keys: readonly GroupKey[];
  readonly units: readonly number[];
  readonly parts: readonly number[];
}

/** The cells of a whole hour as text: JSON, deflated, in base64. */
export function cellText(
  cells: PackedCells,
  dictionary: KeyDictionary,
  measures: readonly Measure[],
): string {
  const stored: StoredCells = {
    measures,
    keys: [...cells.keys].map((key) => dictionary.keys[key] as GroupKey),
    units: [...cells.units],
    parts: [...cells.parts],
  };
  return deflateRawSync(JSON.stringify(stored), { level: 1 }).toString('base64');
}

/** The cells again, with the wanted measures; null when one of them was not kept. */
export function cellsFromText(
  text: string,
  dictionary: KeyDictionary,
  wanted: readonly Measure[],
): PackedCells | null {
  const stored = JSON.parse(inflateRawSync(Buffer.from(text, 'base64')).toString()) as StoredCells;
  const places = wanted.map((measure) => stored.measures.indexOf(measure));
  if (places.includes(-1)) return null;
  const pick = (values: readonly number[]): Float64Array => {
    const picked = new Float64Array(stored.keys.length * wanted.length);
    stored.keys.forEach((_, cell) => {
      places.forEach((place, m) => {
        picked[cell * wanted.length + m] = values[cell * stored.measures.length + place] as number;
      });
    });
    return picked;
  };
  const keys = Int32Array.from(stored.keys, (key) => dictionary.numberOf(key));
  return { keys, units: pick(stored.units), parts: pick(stored.parts), minutes: null };
}
