// What a store sums or counts.

/**
 * A quantity that a store sums (or, for `*_sketch`, counts by bucket) over rows. Those of failed calls may be narrowed to
 * some kinds of failure: `failed@429,5xx,timeout`.
 */
export type Measure =
  | 'calls'
  | 'cost'
  | 'unpriced'
  | 'unpriced_tokens'
  | 'input_tokens'
  | 'output_tokens'
  | 'latency_sum'
  | 'latency_count'
  | 'latency_sketch'
  | 'ttft_sketch'
  | `failed${'' | `@${string}`}`
  | `failed_cost${'' | `@${string}`}`
  | `failed_unpriced${'' | `@${string}`}`;

/** Which failed calls count: statuses, status classes and time-outs; null counts every failed call. */
export type ErrorFilter = readonly (number | '4xx' | '5xx' | 'timeout')[] | null;

/** A measure of failed calls that counts only the filtered ones; every other measure as it is. */
export function narrowed(measure: Measure, errors: ErrorFilter): Measure {
  if (errors === null || !isOfFailedCalls(measure)) return measure;
  return `${measure}@${[...new Set(errors.map(String))].sort().join(',')}`;
}

function isOfFailedCalls(measure: Measure): measure is 'failed' | 'failed_cost' | 'failed_unpriced' {
  return measure === 'failed' || measure === 'failed_cost' || measure === 'failed_unpriced';
}

/** The filter that a narrowed measure carries: `failed@429,5xx` → [429, '5xx']; null for every other measure. */
export function errorFilterOf(measure: Measure): ErrorFilter {
  const at = measure.indexOf('@');
  if (at < 0) return null;
  return measure
    .slice(at + 1)
    .split(',')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : (part as '4xx' | '5xx' | 'timeout')));
}

/** Whether a measure is kept as a sketch (a count per bucket) instead of a sum. */
export function isSketch(measure: Measure): boolean {
  return measure.endsWith('_sketch');
}
