// Which audit columns a measure reads, and which it cannot do without.

import type { Column } from './columns.ts';
import { type Measure, originOf } from './measure.ts';

const COST_COLUMNS: readonly Column[] = ['cost', 'model', 'input_tokens', 'output_tokens'];
const TOKEN_COLUMNS: readonly Column[] = ['input_tokens', 'output_tokens'];
const FAILURE_COLUMNS: readonly Column[] = ['status', 'error'];

/** The dimensions in which a call equals the one that it repeats. */
export const REPEATED_DIMENSIONS = [
  'service',
  'user',
  'session',
  'model',
] as const satisfies readonly Column[];
/** Of calls at the same time the dearest is the first; of those that cost the same, the one that was inserted first. */
const REPEAT_COLUMNS: readonly Column[] = [
  'time',
  ...REPEATED_DIMENSIONS,
  ...COST_COLUMNS,
  'id',
  'request_id',
];

/** The columns that a measure reads; `priced` are those on which the prices of the list in use depend besides. */
export function columnsOf(measure: Measure, priced: readonly Column[] = []): readonly Column[] {
  const origin = originOf(measure);
  switch (origin?.of) {
    case 'column':
      return [origin.column];
    case 'cost':
    case 'cost_squares':
    case 'listed_cost':
    case 'list_cost':
    case 'unpriced':
    case 'unpriced_tokens':
    case 'unreadable':
      return [...COST_COLUMNS, ...priced];
    case 'row':
      return origin.what === 'tokens' ? TOKEN_COLUMNS : [...COST_COLUMNS, ...priced];
    case 'repeated':
      return [...REPEAT_COLUMNS, ...priced];
    case 'failed':
      return origin.what === 'calls' ? FAILURE_COLUMNS : [...COST_COLUMNS, ...FAILURE_COLUMNS, ...priced];
    default:
      return [];
  }
}

/** The columns that a measure needs. Of each list, one column suffices. */
export function needsOf(measure: Measure): readonly (readonly Column[])[] {
  const origin = originOf(measure);
  switch (origin?.of) {
    case 'column':
      return [[origin.column]];
    case 'cost':
    case 'cost_squares':
    case 'listed_cost':
    case 'unpriced':
    case 'unpriced_tokens':
    case 'unreadable':
      return [['cost']];
    case 'row':
      return origin.what === 'tokens' ? [TOKEN_COLUMNS] : [['cost']];
    case 'repeated':
      return origin.what === 'calls' ? [['input_tokens']] : [['cost'], ['input_tokens']];
    case 'list_cost':
      return [
        ['model'],
        ['input_tokens', 'output_tokens'],
        ...(origin.what === 'recorded' || origin.what === 'gap' ? [['cost'] as const] : []),
      ];
    case 'failed':
      return origin.what === 'calls' ? [FAILURE_COLUMNS] : [['cost'], FAILURE_COLUMNS];
    default:
      return [];
  }
}
