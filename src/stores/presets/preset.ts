// The contract of a preset: a well-known table and its mapping.

import type { Column } from '../../model/columns.ts';
import type { Mapping } from '../audit-store.ts';

/** A well-known table: its mapping, and what is known beyond it. The table lacks the columns that are not mapped. */
export interface Preset {
  readonly mapping: Mapping;
  /** The column that `insert` writes where an expression reads it. */
  readonly written: Readonly<Partial<Record<Column, string>>>;
  /** The value that `insert` writes where a row has none and the table takes no NULL. */
  readonly filled: Readonly<Partial<Record<Column, string>>>;
  /** The table as `createTable` makes it; null for a table that another program creates. */
  readonly own: OwnTable | null;
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
