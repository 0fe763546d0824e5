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

/** A column of a file: which of a call's it is, and how it is read. */
interface ImportColumn {
  readonly name: string;
  readonly kind: Kind;
}

/** The columns that a file may have, by what they are called there. */
export interface ImportColumns {
  /** The names to use, for people. */
  readonly names: readonly string[];
  find(name: string): ImportColumn | undefined;
}

/**
 * Columns have canonical names, in any case of letters, those of declared dimensions, or those that they have in the
 * file's table or in one of the presets': an export of the table itself is taken as it is.
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

/** Whether a column that is not known holds amounts of money, which must not be left out without a word. */
export function looksLikeMoney(name: string): boolean {
  return MONEY.test(name) && !NO_MONEY.test(name);
}
