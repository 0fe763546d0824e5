// The calls that statements group and sum, over the rows of the table.

import type { Measure } from '../model/measure.ts';
import type { Mapping } from './audit-store.ts';
import { costedColumnsSql, derivedColumnsSql } from './measure-sql.ts';
import type { Pricing } from './price-sql.ts';

/**
 * The columns `keys` of the rows, and those of which the measures are computed. OFFSET 0 keeps the planner from pulling the
 * sub-select up. It would then compute a cost once for each sum that needs it, take each call for a group of its own, and,
 * where it has little memory, sort the calls (89,000 calls by hour, with 4 MB: 0.12 s instead of 0.07 s).
 */
export function callsSql(
  keys: readonly string[],
  measures: readonly Measure[],
  rows: string,
  mapping: Mapping,
  pricing: Pricing,
): string {
  const columns = [...keys, ...derivedColumnsSql(measures, mapping, pricing)];
  const calls = `SELECT ${columns.join(', ')} FROM (${rows}) AS raw OFFSET 0`;
  const costed = costedColumnsSql(measures, pricing);
  return costed.length === 0 ? calls : `SELECT *, ${costed.join(', ')} FROM (${calls}) AS costed OFFSET 0`;
}
