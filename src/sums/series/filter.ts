// Which values of a dimension a filter takes.

import type { Condition } from '../../model/series.ts';

/** Whether a dimension's value fits a condition. */
export function holdsFor(condition: Condition): (value: string | null) => boolean {
  const values = new Set('in' in condition ? condition.in : condition.notIn);
  return 'in' in condition ? (value) => values.has(value) : (value) => !values.has(value);
}
