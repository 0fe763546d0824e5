// What Langfuse 3 and 4 write in the same way, in ClickHouse's SQL.

import type { Column } from '../../model/columns.ts';
import type { ColumnSource } from '../audit-store.ts';

/** The sum of the keys of a map for which a condition on `k` holds; NULL where the program knows none. */
function usage(condition: string): ColumnSource {
  return {
    sql: `if(empty(usage_details), NULL, arraySum(mapValues(mapFilter((k, v) -> ${condition}, usage_details))))`,
  };
}

const written = "(k ILIKE '%creation%' OR k ILIKE '%write%')";

/** Input includes cached and written tokens, and output reasoning, as each key says what it is part of. */
export const LANGFUSE_COLUMNS = {
  model: { sql: `nullIf(provided_model_name, '')` },
  endpoint: { sql: `nullIf(name, '')` },
  input_tokens: usage("k ILIKE '%input%'"),
  output_tokens: usage("k ILIKE '%output%'"),
  cached_tokens: usage(`k ILIKE '%cache%' AND NOT ${written}`),
  cache_write_tokens: usage(`k ILIKE '%cache%' AND ${written}`),
  reasoning_tokens: usage("k ILIKE '%reasoning%'"),
  error: { sql: `if(level = 'ERROR', ifNull(nullIf(status_message, ''), 'error'), NULL)` },
  latency_ms: { sql: `dateDiff('microsecond', start_time, end_time) / 1000` },
  ttft_ms: { sql: `dateDiff('microsecond', start_time, completion_start_time) / 1000` },
} as const satisfies Partial<Record<Column, ColumnSource>>;

/** The sum of the parts, where there is no total. */
export const SUM_OF_PARTS = 'if(empty(cost_details), NULL, arraySum(mapValues(cost_details)))';

/** Spans of other types stand around calls, and may repeat their cost. */
export const CALLS = { column: 'type', values: { in: ['GENERATION', 'EMBEDDING'] } } as const;
