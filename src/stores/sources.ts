// Lists the columns and expressions of a mapping, and which of them a question uses.

import { type Measure, originOf } from '../model/measure.ts';
import { columnsOf } from '../model/measure-columns.ts';
import type { Dimension, Query } from '../model/series.ts';
import type { ColumnSource, Mapping, RowFilter } from './audit-store.ts';

/** A column or expression of a mapping under its canonical name. Declared dimensions never have the name of a column. */
export interface NamedSource {
  readonly name: string;
  /** The key of alerts.yaml that gives it, such as `audit.columns.status` or `audit.dimensions.tag.sql`. */
  readonly key: string;
  readonly source: ColumnSource;
}

/** Everything that a mapping reads from its table. */
export function sourcesOf({ columns, dimensions, measures = {}, where = [] }: Mapping): NamedSource[] {
  const named = (
    under: string,
    entries: Readonly<Record<string, ColumnSource | undefined>>,
    nameOf = (name: string): string => name,
  ): NamedSource[] =>
    Object.entries(entries).flatMap(([name, source]) =>
      source === undefined
        ? []
        : [
            {
              name: nameOf(name),
              source,
              key: `audit.${under}.${name}${typeof source === 'string' ? '' : '.sql'}`,
            },
          ],
    );
  return [
    ...named('columns', columns),
    ...named('dimensions', dimensions),
    ...named('measures', measures, nameOfMeasure),
    ...where.map((one) => ({
      name: nameOfFilter(one),
      key: keyOfFilter(one),
      source: 'sql' in one ? one : one.column,
    })),
  ];
}

/** The name among all sources of what the file measures under a name of its own. */
function nameOfMeasure(name: string): string {
  return `${MEASURES}${name}`;
}

const MEASURES = 'measures.';
const FILTER = 'where.';

export function keyOfFilter(one: RowFilter): string {
  return `audit.where.${'sql' in one ? 'sql' : one.column}`;
}

/** The name among all sources of a condition on the rows that are read. */
export function nameOfFilter(one: RowFilter): string {
  return 'sql' in one ? `${FILTER}sql` : `${FILTER}column.${one.column}`;
}

/** Whether a name among all sources is that of a condition on the rows that are read. */
export function isOfFilter(name: string): boolean {
  return name.startsWith(FILTER);
}

/** The name of a measure of the file by its name among all sources; null for another source. */
export function measureNamed(name: string): string | null {
  return name.startsWith(MEASURES) ? name.slice(MEASURES.length) : null;
}

/** The sources of which a measure is made, by name. */
export function sourceNamesOf(measure: Measure, { priced }: Mapping): readonly string[] {
  const origin = originOf(measure);
  return origin?.of === 'own' ? [nameOfMeasure(origin.name)] : columnsOf(measure, priced);
}

/** The measures and dimensions that a statement reads. */
export interface Asked {
  readonly measures: readonly Measure[];
  readonly dimensions: readonly Dimension[];
}

export function askedBy({ measures, groupBy, where }: Pick<Query, 'measures' | 'groupBy' | 'where'>): Asked {
  return { measures, dimensions: [...new Set([...groupBy, ...Object.keys(where)])] };
}

/** The sources that a statement uses, besides the time. */
export function sourcesIn({ measures, dimensions }: Asked, mapping: Mapping): NamedSource[] {
  const columns = measures.flatMap((measure) => sourceNamesOf(measure, mapping));
  const names = new Set<string>([...dimensions, ...columns]);
  return sourcesOf(mapping).filter(({ name }) => names.has(name));
}
