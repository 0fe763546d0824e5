// The contract of a preset: a well-known table and its mapping.

import type { Column } from '../../model/columns.ts';
import type { EngineScheme, Mapping } from '../audit-store.ts';

/** A well-known table: its mapping, and what is known beyond it. The table lacks the columns that are not mapped. */
export interface Preset {
  /** In PostgreSQL, or in the one engine that the program has. */
  readonly mapping: Mapping;
  /** The engine of `mapping`, for a program that does not use PostgreSQL for its calls. */
  readonly onlyIn?: EngineScheme;
  /** The columns that `audit.where` must name: the table is in their order, and is read as a whole without. */
  readonly requires?: readonly string[];
  /** What differs in other engines; the program has no table in one that is absent. */
  readonly engines?: Readonly<Partial<Record<EngineScheme, Partial<Mapping>>>>;
  /** The column that `insert` writes where an expression reads it. */
  readonly written: Readonly<Partial<Record<Column, string>>>;
  /** The value that `insert` writes where a row has none and the table takes no NULL. */
  readonly filled: Readonly<Partial<Record<Column, string>>>;
  /** The table as `createTable` makes it; null for a table that another program creates. */
  readonly own: OwnTable | null;
}

/** The mapping of a preset in an engine; null where its program has no table there. */
export function mappingIn(
  { mapping, onlyIn, engines = {} }: Preset,
  engine: EngineScheme | 'postgres',
): Mapping | null {
  if (engine === (onlyIn ?? 'postgres')) return mapping;
  const own = engine === 'postgres' ? undefined : engines[engine];
  if (own === undefined) return null;
  return {
    ...mapping,
    ...own,
    columns: { ...mapping.columns, ...own.columns },
    dimensions: { ...mapping.dimensions, ...own.dimensions },
  };
}

/** A table that spendwatch creates. */
export interface OwnTable {
  /** All columns in their order. */
  readonly columns: readonly TableColumn[];
  /** Those that tables made by an earlier version lack. They allow NULL. */
  readonly later: readonly TableColumn[];
  /** One per index: the column, and the suffix of the index's name. */
  readonly indexes: readonly { readonly column: string; readonly suffix: string }[];
}

/** A column with its type and constraints, in SQL. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
}
