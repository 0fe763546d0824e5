import { type CallColumns, NO_BIN } from '../../src/model/call-columns.ts';
import { ONE } from '../../src/model/money.ts';
import type { SegmentCell } from '../../src/model/series.ts';

/** The lines of columns added up into cells. */
export function cellsIn({ length, segments, dimensions, sums, bins }: CallColumns): SegmentCell[] {
  const cells = new Map<string, SegmentCell & { cell: { sums: object; sketches: object } }>();
  for (let line = 0; line < length; line += 1) {
    const segment = segments[line] as number;
    const key = [...dimensions.values()].map(({ values, places }) => values[places[line] as number] ?? null);
    const id = JSON.stringify([segment, key]);
    const known = cells.get(id) ?? { segment, key, cell: { sums: {}, sketches: {} } };
    cells.set(id, known);
    const own = known.cell as { sums: Record<string, bigint>; sketches: Record<string, Map<number, number>> };
    for (const [measure, { units, parts }] of sums) {
      const value = BigInt(units[line] as number) * ONE + BigInt(parts?.[line] ?? 0);
      own.sums[measure] = (own.sums[measure] ?? 0n) + value;
    }
    for (const [sketch, ofLine] of bins) {
      const counts = own.sketches[sketch] ?? new Map<number, number>();
      own.sketches[sketch] = counts;
      const bucket = ofLine[line] as number;
      const calls = Number(sums.get('calls')?.units[line]);
      if (bucket !== NO_BIN) counts.set(bucket, (counts.get(bucket) ?? 0) + calls);
    }
  }
  return [...cells.values()];
}
