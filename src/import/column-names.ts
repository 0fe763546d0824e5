// Which headings of a file stand for which columns of a call.

import type { Column } from '../model/metric.ts';
import type { ColumnSource, Mapping } from '../stores/audit-store.ts';
import { PRESETS } from '../stores/presets.ts';

export type Kind = 'time' | 'text' | 'decimal' | 'whole';

const KINDS: Readonly<Record<Column, Kind>> = {
  time: 'time',
  cost: 'decimal',
  service: 'text',
  model: 'text',
  user: 'text',
  endpoint: 'text',
  session: 'text',
  input_tokens: 'whole',
  output_tokens: 'whole',
  status: 'whole',
  error: 'text',
  latency_ms: 'decimal',
  ttft_ms: 'decimal',
  id: 'whole',
  request_id: 'text',
};

/** A column of a file: which column of a call it is, and how it is read. */
export interface ImportColumn {
  readonly name: string;
  readonly kind: Kind;
}

/** The columns that a file may have, by their names in the file. */
export interface ImportColumns {
  /** The names to show to people. */
  readonly names: readonly string[];
  find(name: string): ImportColumn | undefined;
}

/**
 * Columns are known by their canonical names in any letter case, by the names of declared dimensions, and by their names in
 * the mapped table or in the table of a preset, so that an export of the table can be imported as it is.
 */
export function importColumns(mapping: Mapping): ImportColumns {
  const known = new Map<string, ImportColumn>();
  const add = (name: string, column: ImportColumn): void => {
    if (!known.has(name)) known.set(name, column);
  };
  const canonical = Object.entries(KINDS).map(([name, kind]) => ({ name, kind }));
  const dimensions = Object.keys(mapping.dimensions).map((name) => ({ name, kind: 'text' as const }));
  for (const column of [...canonical, ...dimensions]) add(column.name, column);
  for (const columns of [mapping.columns, ...Object.values(PRESETS).flatMap(sourcesOf)]) {
    for (const [name, source] of Object.entries(columns) as [Column, ColumnSource][]) {
      if (typeof source === 'string') add(source.toLowerCase(), { name, kind: KINDS[name] });
    }
  }
  return {
    names: [...canonical, ...dimensions].map(({ name }) => name),
    find: (name) => known.get(name) ?? known.get(name.toLowerCase()),
  };
}

function sourcesOf({ mapping, written }: (typeof PRESETS)[keyof typeof PRESETS]) {
  return [mapping.columns, written];
}

const MONEY = /cost|price|spend|spent|amount|charge|billed|fee|usd|dollar|eur|cny|rmb|\$/i;
const NO_MONEY = /(cent(er|re)|currency|id|code|type|name|model|user)$/i;

/** Whether an unknown column seems to hold amounts of money, which must not be ignored silently. */
export function looksLikeMoney(name: string): boolean {
  return MONEY.test(name) && !NO_MONEY.test(name);
}
