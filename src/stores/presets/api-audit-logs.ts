// The default table, `api_audit_logs`: what the catalogue of columns says of it, in the order of its first version.

import { COLUMNS, type Column, describeColumn } from '../../model/columns.ts';
import type { ColumnSource } from '../audit-store.ts';
import type { Preset, TableColumn } from './preset.ts';

/**
 * The columns of the first version in their order. Names refer to the catalogue; the other columns are for the people who
 * maintain the table, and are not read.
 */
const FIRST_VERSION: readonly (Column | TableColumn)[] = [
  'id',
  'request_id',
  'time',
  'service',
  'user',
  'model',
  'endpoint',
  'input_tokens',
  { name: 'expected_output_tokens', type: 'INTEGER' },
  'output_tokens',
  { name: 'ip_address', type: 'INET' },
  'session',
  'status',
  { name: 'response_code', type: 'VARCHAR(50)' },
  'latency_ms',
  'ttft_ms',
  'error',
  { name: 'model_version', type: 'VARCHAR(50)' },
  'cost',
  { name: 'created_at', type: 'TIMESTAMPTZ DEFAULT NOW()' },
];

/** Columns that were added to the catalogue later. They stand at the end, where ALTER TABLE puts them. */
const LATER = COLUMNS.filter((column) => !FIRST_VERSION.includes(column)).map(tableColumn);

/** The table that `init --create-table` makes. A NULL cost is an unknown one, not 0. */
export const API_AUDIT_LOGS: Preset = {
  mapping: {
    table: 'api_audit_logs',
    columns: ofColumns((column): ColumnSource => {
      const { name, read } = describeColumn(column).table;
      return read === undefined ? name : { sql: read };
    }),
    dimensions: {},
    timeKind: 'timestamptz',
    ...(LATER.length === 0
      ? {}
      : { optional: Object.fromEntries(LATER.map(({ name, type }) => [name, type])) }),
  },
  written: ofColumns((column) => {
    const { name, read } = describeColumn(column).table;
    return read === undefined ? undefined : name;
  }),
  filled: ofColumns((column) => describeColumn(column).table.filled),
  engines: { sqlite: {}, mysql: {}, clickhouse: { timeKind: null } },
  own: {
    columns: [...FIRST_VERSION.map((one) => (typeof one === 'string' ? tableColumn(one) : one)), ...LATER],
    later: LATER,
    indexes: COLUMNS.flatMap((column) => {
      const { name, index } = describeColumn(column).table;
      return index === undefined ? [] : [{ column: name, suffix: index }];
    }),
  },
};

function tableColumn(column: Column): TableColumn {
  const { name, type } = describeColumn(column).table;
  return { name, type };
}

/** A property of each column, without the columns that lack it. */
function ofColumns<T>(of: (column: Column) => T | undefined): Partial<Record<Column, T>> {
  return Object.fromEntries(
    COLUMNS.flatMap((column) => {
      const value = of(column);
      return value === undefined ? [] : [[column, value]];
    }),
  ) as Partial<Record<Column, T>>;
}
