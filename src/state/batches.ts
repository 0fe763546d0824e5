// Splits rows into batches for one statement each.

/** Rows in one statement. A rule by user may fire for half a million users, more rows than one parameter can hold. */
const BATCH = 5_000;

export function* batchesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += BATCH) yield rows.slice(from, from + BATCH);
}
