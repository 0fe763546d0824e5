// The catalogue of audit columns: what a row may hold, what kind of value it is, and what it is called elsewhere.

/**
 * The kind of a column's values, from which SQL, import, checks and measures follow. `dimension` is text that rules group
 * and filter by, `text` is other text; `tokens` and `ms` are numbers that are summed; `status` is an HTTP status; `boolean` is
 * true or false; `id` is a number that rises with every insert.
 */
export type ColumnKind =
  | 'time'
  | 'money'
  | 'dimension'
  | 'text'
  | 'tokens'
  | 'status'
  | 'ms'
  | 'boolean'
  | 'id';

/** A column of the table that `init --create-table` makes. */
interface TableColumn {
  readonly name: string;
  /** Its type and constraints, in SQL. */
  readonly type: string;
  /** The suffix of its index's name, for a column with an index. */
  readonly index?: string;
  /** The SQL expression that reads it, where that is more than the column itself. */
  readonly read?: string;
  /** The value that import writes for a call without one, where the column takes no NULL. */
  readonly filled?: string;
}

/** The definition of a column. Options, import, tables, SQL, checks and the docs follow from it. */
export interface ColumnDefinition {
  readonly kind: ColumnKind;
  /** Import rejects a call without it. */
  readonly isRequired?: true;
  /** How it stands in the table `api_audit_logs`. */
  readonly table: TableColumn;
  /** Its names in other files and in the tables of known gateways. Import accepts them in any letter case. */
  readonly alsoCalled?: readonly string[];
  /** Its description in docs/reference.md. */
  readonly doc: string;
}

const CATALOGUE = {
  time: {
    kind: 'time',
    isRequired: true,
    table: { name: 'request_timestamp', type: 'TIMESTAMPTZ NOT NULL', index: 'timestamp' },
    alsoCalled: ['startTime'],
    doc: 'when the call was made: `timestamptz`, `timestamp` that is UTC, or with `unit` or `zone`',
  },
  cost: {
    kind: 'money',
    table: { name: 'cost_usd', type: 'DECIMAL(10, 6)' },
    alsoCalled: ['spend'],
    doc: 'in `audit.currency`; NULL is an unknown cost, not 0; `prices` can stand in for it',
  },
  service: {
    kind: 'dimension',
    isRequired: true,
    table: { name: 'service_name', type: 'VARCHAR(100) NOT NULL', index: 'service' },
    doc: 'the part of your system that made the call',
  },
  model: {
    kind: 'dimension',
    isRequired: true,
    table: { name: 'model', type: 'VARCHAR(50) NOT NULL' },
    doc: 'the model that was called; `prices` go by its name',
  },
  user: {
    kind: 'dimension',
    table: { name: 'user_id', type: 'VARCHAR(255)', index: 'user' },
    doc: 'on whose behalf it was called',
  },
  endpoint: {
    kind: 'dimension',
    table: { name: 'endpoint', type: 'VARCHAR(100) NOT NULL', filled: '' },
    doc: 'the path or kind of the call',
  },
  session: {
    kind: 'dimension',
    table: { name: 'session_id', type: 'VARCHAR(255)' },
    doc: 'the conversation or trace that the call is part of',
  },
  input_tokens: {
    kind: 'tokens',
    table: { name: 'input_tokens', type: 'INTEGER NOT NULL', filled: '0' },
    alsoCalled: ['prompt_tokens'],
    doc: 'tokens sent, cached and written ones included; `prices` need them',
  },
  output_tokens: {
    kind: 'tokens',
    table: {
      name: 'actual_output_tokens',
      type: 'INTEGER',
      read: 'COALESCE(actual_output_tokens, expected_output_tokens)',
    },
    alsoCalled: ['completion_tokens'],
    doc: 'tokens received, reasoning included; `prices` need them',
  },
  cached_tokens: {
    kind: 'tokens',
    table: { name: 'cached_tokens', type: 'INTEGER' },
    alsoCalled: ['cached_input_tokens', 'cache_read_tokens', 'cache_read_input_tokens', 'cached_read_tokens'],
    doc: 'those of the input tokens that were read from the cache of the provider',
  },
  cache_write_tokens: {
    kind: 'tokens',
    table: { name: 'cache_write_tokens', type: 'INTEGER' },
    alsoCalled: ['cache_creation_tokens', 'cache_creation_input_tokens'],
    doc: 'those of the input tokens that were written to the cache',
  },
  reasoning_tokens: {
    kind: 'tokens',
    table: { name: 'reasoning_tokens', type: 'INTEGER' },
    doc: 'those of the output tokens that are reasoning',
  },
  batch: {
    kind: 'boolean',
    table: { name: 'batch', type: 'BOOLEAN' },
    alsoCalled: ['is_batch'],
    doc: 'whether it was called through a batch API',
  },
  status: {
    kind: 'status',
    table: { name: 'status_code', type: 'INTEGER' },
    doc: 'HTTP status; 200 to 399 is success',
  },
  error: {
    kind: 'text',
    table: { name: 'error_message', type: 'TEXT' },
    doc: 'error text; empty, JSON `null` and `""` are none',
  },
  latency_ms: {
    kind: 'ms',
    table: { name: 'latency_ms', type: 'FLOAT' },
    doc: 'milliseconds that the call took',
  },
  ttft_ms: {
    kind: 'ms',
    table: { name: 'time_to_first_token_ms', type: 'FLOAT' },
    doc: 'milliseconds to the first token',
  },
  id: {
    kind: 'id',
    table: { name: 'id', type: 'BIGSERIAL PRIMARY KEY' },
    doc: 'increasing insert id, optional: late rows are found at once by it',
  },
  request_id: {
    kind: 'text',
    table: { name: 'request_id', type: 'UUID NOT NULL', index: 'request' },
    doc: 'optional: `import` skips rows whose request_id is there',
  },
} as const satisfies Record<string, ColumnDefinition>;

/** The name of a column: the same in alerts.yaml, in import files and in the program. */
export type Column = keyof typeof CATALOGUE;

/** All columns, in the order of the catalogue. */
export const COLUMNS = Object.keys(CATALOGUE) as [Column, ...Column[]];

/** The definition of a column. */
export function describeColumn(column: Column): ColumnDefinition {
  return CATALOGUE[column];
}

/** Whether a name is that of a column. */
export function isColumn(name: string): name is Column {
  return Object.hasOwn(CATALOGUE, name);
}

/** The columns of one kind, as a type. */
export type ColumnOf<Kind extends ColumnKind> = {
  [Name in Column]: (typeof CATALOGUE)[Name]['kind'] extends Kind ? Name : never;
}[Column];

/** The columns of one kind. */
export function columnsOfKind<Kind extends ColumnKind>(kind: Kind): readonly ColumnOf<Kind>[] {
  return COLUMNS.filter((column): column is ColumnOf<Kind> => CATALOGUE[column].kind === kind);
}

/** The columns that every rule can group and filter by, where the table has them. */
export const DIMENSIONS = columnsOfKind('dimension');
