// Maps the headings of a file to the columns of a call.

import { COLUMNS, type ColumnKind, describeColumn } from '../model/columns.ts';
import type { Mapping } from '../stores/audit-store.ts';

/** How a value of a file is parsed. */
export type ReadAs = 'time' | 'text' | 'decimal' | 'whole' | 'boolean';

const READ_AS: Readonly<Record<ColumnKind, ReadAs>> = {
  time: 'time',
  money: 'decimal',
  dimension: 'text',
  text: 'text',
  tokens: 'whole',
  status: 'whole',
  ms: 'decimal',
  boolean: 'boolean',
  id: 'whole',
};

/** A column of a file: the column of a call that it maps to, and how it is parsed. */
export interface ImportColumn {
  readonly name: string;
  readonly readAs: ReadAs;
}

/** The columns that a file may have, by their names in the file. */
export interface ImportColumns {
  /** The names to show to people. */
  readonly names: readonly string[];
  find(name: string): ImportColumn | undefined;
}

/**
 * Columns are recognised by their canonical names, by the names of declared dimensions, by their names in the mapped table,
 * and by their names in the default table and in those of known gateways, so that an export of a table can be imported as it
 * is. Letter case does not count.
 */
export function importColumns(mapping: Mapping): ImportColumns {
  const known = new Map<string, ImportColumn>();
  const add = (name: string, column: ImportColumn): void => {
    if (!known.has(name)) known.set(name, column);
  };
  const canonical = COLUMNS.map((name) => ({ name, readAs: READ_AS[describeColumn(name).kind] }));
  const dimensions = Object.keys(mapping.dimensions).map((name) => ({ name, readAs: 'text' as const }));
  for (const column of [...canonical, ...dimensions]) add(column.name, column);
  for (const column of canonical) {
    const source = mapping.columns[column.name];
    if (typeof source === 'string') add(source.toLowerCase(), column);
  }
  for (const column of canonical) {
    const { table, alsoCalled = [] } = describeColumn(column.name);
    for (const name of [table.name, ...alsoCalled]) add(name.toLowerCase(), column);
  }
  return {
    names: [...canonical, ...dimensions].map(({ name }) => name),
    find: (name) => known.get(name) ?? known.get(name.toLowerCase()),
  };
}

const MONEY = /cost|price|spend|spent|amount|charge|billed|fee|usd|dollar|eur|cny|rmb|\$/i;
const NO_MONEY = /(cent(er|re)|currency|id|code|type|name|model|user)$/i;

/** Whether an unknown column seems to hold amounts of money, which must not be ignored silently. */
export function looksLikeMoney(name: string): boolean {
  return MONEY.test(name) && !NO_MONEY.test(name);
}
