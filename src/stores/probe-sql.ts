// Builds a statement that fails exactly when reading one column would.

import { isColumn } from '../model/columns.ts';
import type { Window } from '../model/window.ts';
import type { Mapping } from './audit-store.ts';
import { madeOfColumn } from './measure-sql.ts';
import { ownValueSql } from './own-sql.ts';
import { dimensionSqlOf, fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { isOfFilter, measureNamed } from './sources.ts';
import { inRanges, rowTime, type TimeType } from './time-sql.ts';

/**
 * Evaluates everything that statements compute from one column or dimension, for all rows within the ranges, and returns
 * only counts, so that it fails when they would. Null when nothing is computed from it.
 */
export function probeSql(
  name: string,
  ranges: readonly Window[],
  mapping: Mapping,
  timeType: TimeType,
): Statement | null {
  const parameters = new Parameters();
  const { conditions, relation } = inRanges(ranges, mapping, rowTime(mapping, timeType, parameters));
  const ownName = measureNamed(name);
  const made = [
    // Reading nothing of the rows still asks whether they are to be read.
    isOfFilter(name) ? ['1'] : [],
    isColumn(name) ? madeOfColumn(name, mapping) : [],
    dimensionSqlOf(mapping, name) ?? [],
    ownName === null ? [] : ownValueSql(ownName, mapping),
  ].flat();
  if (made.length === 0) return null;
  const rows = fromTableSql(
    mapping,
    made.map((sql, i) => `${sql} AS v${i}`),
    conditions,
    relation,
  );
  const counts = made.map((_, i) => `count(v${i})::text AS n${i}`);
  return { text: `SELECT ${counts.join(', ')} FROM (${rows}) AS made`, values: parameters.values };
}
