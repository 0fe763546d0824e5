// What the file measures of its own columns, as SQL.

import { AppError } from '../model/errors.ts';
import { type Measure, originOf } from '../model/measure.ts';
import type { Mapping } from './audit-store.ts';
import { decimalBinSql } from './sketch-sql.ts';
import { sourceSql } from './source-sql.ts';

/** The columns to read of a row, as `expression AS name`. */
export function ownRawColumnsSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  return ownNames(measures).map((name) => `${ownValueSql(name, mapping)} AS ${rawName(name)}`);
}

/** The same columns unconverted and unnamed. */
export function ownSourcesSql(mapping: Mapping, measures: readonly Measure[]): string[] {
  return ownNames(measures).flatMap((name) => {
    const source = mapping.measures?.[name];
    return source === undefined ? [] : [sourceSql(source)];
  });
}

/** The columns that are summed, and the bins. */
export function ownDerivedSql(measures: readonly Measure[]): string[] {
  return [
    ...ownNames(measures).map(rawName),
    ...measures.flatMap((measure) => {
      const origin = originOf(measure);
      if (origin?.of !== 'own' || origin.as !== 'values') return [];
      return [`${decimalBinSql(`${rawName(origin.name)}::float8`)} AS ${measure}`];
    }),
  ];
}

/** What a measure takes from a row: a number that is summed, or a condition that is counted. */
export function ownPartSql(name: string, as: 'sum' | 'count'): { counted: string } | { summed: string } {
  return as === 'sum' ? { summed: rawName(name) } : { counted: `${rawName(name)} IS NOT NULL` };
}

/**
 * The value of a column or expression of any type that reads as a number, with 12 places; true is 1, and false is 0. What is not
 * plausible is NULL.
 */
export function ownValueSql(name: string, mapping: Mapping): string {
  const source = mapping.measures?.[name];
  if (source === undefined) {
    throw new AppError('measure_unknown', `The audit store does not know the measure "${name}".`, {
      hint: 'Declare it under audit.measures.',
    });
  }
  const text = `(SELECT (${sourceSql(source)})::text AS text OFFSET 0) AS written`;
  const number = `CASE text WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE text::numeric END`;
  return `(SELECT CASE WHEN number BETWEEN -1e15 AND 1e15 THEN round(number, 12) END
    FROM (SELECT ${number} AS number FROM ${text} OFFSET 0) AS read)`;
}

function ownNames(measures: readonly Measure[]): string[] {
  const names = measures.flatMap((measure) => {
    const origin = originOf(measure);
    return origin?.of === 'own' ? [origin.name] : [];
  });
  return [...new Set(names)];
}

function rawName(name: string): string {
  return `own_raw_${name}`;
}
