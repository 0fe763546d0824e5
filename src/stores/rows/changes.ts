// Tells from rows what changed since an earlier snapshot.

import { hash } from 'node:crypto';
import type { Aggregate } from '../../model/aggregate.ts';
import { type ArrivalRow, arrivalsOf as arrivalsIn, PART_MS } from '../arrivals-sql.ts';
import type { Arrivals, IdGap, SegmentDigest } from '../audit-store.ts';
import { type RowPricing, segmentOf } from './answers.ts';
import { factsFor } from './call-facts.ts';
import type { Row, RowSource, RowValue } from './row-source.ts';

/** As in RollupSource. */
export async function digestsOf(
  source: RowSource,
  aggregates: readonly Aggregate[],
  edges: readonly number[],
  { prices, priced }: RowPricing,
): Promise<SegmentDigest[]> {
  const [from, to] = [edges[0], edges.at(-1)];
  if (from === undefined || to === undefined) return [];
  const measures = aggregates.flatMap((one) => [
    ...one.measures,
    ...(one.sketch === null ? [] : [one.sketch]),
  ]);
  const dimensions = [...new Set(aggregates.flatMap((one) => one.dimensions))];
  const { names } = factsFor(measures, dimensions, priced, prices);
  const segments = new Map<number, { calls: number; sum: bigint; newestRow: number }>();
  for await (const batch of source.rows(names, { from, to })) {
    for (const row of batch) {
      const segment = segmentOf(row.at, edges);
      const known = segments.get(segment) ?? { calls: 0, sum: 0n, newestRow: row.at };
      // A sum does not depend on the order, and equal rows do not cancel each other.
      known.sum = BigInt.asUintN(64, known.sum + hashOf(row));
      known.calls += 1;
      known.newestRow = Math.max(known.newestRow, row.at);
      segments.set(segment, known);
    }
  }
  return [...segments]
    .sort(([a], [b]) => a - b)
    .map(([segment, { calls, sum, newestRow }]) => ({
      segment,
      calls,
      digest: `${calls} ${sum}`,
      newestRow,
    }));
}

/** As in RollupSource. */
export async function arrivalsOf(
  source: RowSource,
  after: string,
  gaps: readonly IdGap[],
  openFrom: number,
): Promise<Arrivals> {
  const rows: ArrivalRow[] = [];
  let isAbove = false;
  for await (const { id, at } of source.arrived(after, gaps)) {
    isAbove ||= id > BigInt(after);
    const parts = at !== null && at >= 0 && at < openFrom ? String(Math.floor(at / PART_MS)) : null;
    rows.push({ low: String(id), high: String(id), parts, highest: null });
  }
  if (!isAbove) rows.push({ low: null, highest: (await source.highestId()) ?? '0' });
  return arrivalsIn(rows, after, gaps, 'timestamp');
}

function hashOf({ at, values }: Row): bigint {
  const text = JSON.stringify([at, ...values.map(written)]);
  // In half the time of a Hash object and its buffer.
  return BigInt(`0x${hash('sha1', text, 'hex').slice(0, 16)}`);
}

/** Told apart by type: the text 1 is not the number 1, and an infinite cost is not an absent one. */
function written(value: RowValue): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
  if (typeof value === 'bigint') return [String(value)];
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value;
}
