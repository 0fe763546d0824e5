import { fixedOf, type PackedCells } from './packed-cells.ts';

/** Whether two readings of a cube's cell have the same sums in the same groups, as far as both know the measures. */
export function isSame(a: PackedCells, b: PackedCells, measures: number): boolean {
  if (a.keys.length !== b.keys.length) return false;
  const compared = Array.from({ length: measures }, (_, m) => m).filter(
    (m) => !a.lacks.includes(m) && !b.lacks.includes(m),
  );
  const places = new Map<number, number>();
  for (const [place, key] of a.keys.entries()) places.set(key, place);
  return b.keys.every((key, i) => {
    const place = places.get(key);
    if (place === undefined) return false;
    return compared.every((m) => sumAt(a, place * measures + m) === sumAt(b, i * measures + m));
  });
}

function sumAt({ units, parts }: PackedCells, at: number): bigint {
  return fixedOf(units[at] as number, parts[at] as number);
}
