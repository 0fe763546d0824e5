// The contract of a preset: a table that many keep, and what is known of it.

import type { Column } from '../../model/columns.ts';
import type { Mapping } from '../audit-store.ts';

/** A table that many keep: its mapping, and what is known beyond it. A column that is not mapped is one that the table lacks. */
export interface Preset {
  readonly mapping: Mapping;
  /** Where `insert` writes a column that is read by an expression. */
  readonly written: Readonly<Partial<Record<Column, string>>>;
  /** What `insert` writes where a row says nothing and the table takes no NULL. */
  readonly filled: Readonly<Partial<Record<Column, string>>>;
  /** The table as `createTable` makes it; null for a table that another program makes. */
  readonly own: OwnTable | null;
}

/** A table that spendwatch creates. */
export interface OwnTable {
  /** All columns in their order. */
  readonly columns: readonly TableColumn[];
  /** Those of them that tables made by an earlier version lack; they take NULL. */
  readonly later: readonly TableColumn[];
  /** A column each, and the end of the index's name. */
  readonly indexes: readonly { readonly column: string; readonly suffix: string }[];
}

/** A column with its type and constraints, in SQL. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
}
