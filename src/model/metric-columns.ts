// Which columns a metric needs that a table lacks.

import type { Column } from './columns.ts';
import { describeMetric, type Metric } from './metric.ts';

/** Of each list one column would suffice, and the table has none. A price list stands in for a cost that is not recorded. */
export function columnsLackedBy(
  metric: Metric,
  has: (column: Column) => boolean,
  hasPrices: boolean,
): readonly (readonly Column[])[] {
  const { columns, needsPrices } = describeMetric(metric);
  return columns.filter(
    (choices) => !choices.some((column) => has(column) || (column === 'cost' && hasPrices && !needsPrices)),
  );
}
