// Computes a metric's value from the sums of a window and group.

import { binsOf, type ErrorFilter, type Measure, narrowed } from './measure.ts';
import { describeMetric, type Metric } from './metric.ts';
import { divideRounded, type Fixed, fixedFromNumber, ONE } from './money.ts';
import type { Cell, Series } from './series.ts';
import { type Sketch, sketchQuantile } from './sketch.ts';

/** A metric's value. `fixed` is exact for additive metrics and is compared with limits; `number` is what ratios print. */
export interface Sample {
  readonly fixed: Fixed;
  readonly number: number;
  /** Calls in the window and group, which `min_calls` compares. */
  readonly calls: number;
}

const EMPTY_SKETCH: Sketch = new Map();

/** A metric with its error filter, ready to be evaluated. */
export interface Measured {
  /** The exact value in a cell. Null where a ratio or percentile has nothing to divide by. A null cell has no rows. */
  sample(cell: Cell | null): Sample | null;
  /**
   * The value as a double, within a millionth of the exact one; null where that is null. Good enough to rank, and to see
   * that a value is nowhere near a limit.
   */
  estimate(series: Series, group: number, window: number): number | null;
  /** The same for all groups of the series; NaN for null. */
  estimates(series: Series, window: number): Float64Array;
}

const MEASURED = new Map<string, Measured>();

/** Returns the same object for the same arguments, because functions made anew at every poll would be compiled anew. */
export function measured(metric: Metric, errors: ErrorFilter): Measured {
  const name = errors === null ? metric : `${metric}@${JSON.stringify(errors)}`;
  const known = MEASURED.get(name);
  if (known !== undefined) return known;
  const made = measuredAs(metric, errors);
  MEASURED.set(name, made);
  return made;
}

function measuredAs(metric: Metric, errors: ErrorFilter): Measured {
  const { value } = describeMetric(metric);
  const own = (names: readonly Measure[]): Measure[] => names.map((measure) => narrowed(measure, errors));
  switch (value.kind) {
    case 'sum': {
      const terms = own(value.of);
      return {
        sample: (cell) => sampleOfSum(sumOf(terms, cell), cell),
        estimate: estimateOf(terms),
        estimates: estimatesOf(terms),
      };
    }
    case 'ratio': {
      const [of, by, per] = [own(value.of), own(value.by), Number(value.per)];
      const [dividend, divisor] = [estimateOf(of), estimateOf(by)];
      const [dividends, divisors] = [estimatesOf(of), estimatesOf(by)];
      return {
        sample: (cell) =>
          cell === null ? null : sampleOfRatio(sumOf(of, cell) * value.per, sumOf(by, cell), cell),
        estimate(series, group, window) {
          const divided = divisor(series, group, window);
          return divided === 0 ? null : (dividend(series, group, window) * per) / divided;
        },
        estimates(series, window) {
          const numbers = dividends(series, window);
          const divided = divisors(series, window);
          for (let group = 0; group < numbers.length; group += 1) {
            const value = ((numbers[group] as number) * per) / (divided[group] as number);
            numbers[group] = divided[group] === 0 ? Number.NaN : value;
          }
          return numbers;
        },
      };
    }
    case 'quantile': {
      const { sketch, q } = value;
      const quantileIn = (cell: Cell | null) =>
        sketchQuantile(cell?.sketches[sketch] ?? EMPTY_SKETCH, q, binsOf(sketch));
      const estimate = (series: Series, group: number, window: number): number | null =>
        series.quantile === undefined
          ? quantileIn(series.cell(group, window))
          : series.quantile(group, window, sketch, q);
      return {
        sample: (cell) => sampleOfQuantile(quantileIn(cell), cell),
        estimate,
        estimates: (series, window) =>
          ofGroups(series, (group) => estimate(series, group, window) ?? Number.NaN),
      };
    }
  }
}

/** The metric's exact value in a cell. */
export function sampleOf(metric: Metric, errors: ErrorFilter, cell: Cell | null): Sample | null {
  return measured(metric, errors).sample(cell);
}

function sumOf(terms: readonly Measure[], cell: Cell | null): Fixed {
  let sum = 0n;
  for (const measure of terms) sum += cell?.sums[measure] ?? 0n;
  return sum;
}

/** Made once for all groups it is asked for. Most metrics are a single measure. */
function estimateOf(terms: readonly Measure[]): (series: Series, group: number, window: number) => number {
  const [only, ...more] = terms;
  if (only !== undefined && more.length === 0) {
    return (series, group, window) => series.estimate(group, window, only);
  }
  return (series, group, window) => {
    let sum = 0;
    for (const measure of terms) sum += series.estimate(group, window, measure);
    return sum;
  };
}

/** The same of all groups. */
function estimatesOf(terms: readonly Measure[]): (series: Series, window: number) => Float64Array {
  const estimate = estimateOf(terms);
  return (series, window) =>
    series.estimates?.(window, terms) ?? ofGroups(series, (group) => estimate(series, group, window));
}

function ofGroups({ keys }: Series, numberOf: (group: number) => number): Float64Array {
  const numbers = new Float64Array(keys.length);
  for (let group = 0; group < numbers.length; group += 1) numbers[group] = numberOf(group);
  return numbers;
}

function callsIn(cell: Cell | null): number {
  return Number((cell?.sums.calls ?? 0n) / ONE);
}

function sampleOfSum(fixed: Fixed, cell: Cell | null): Sample {
  return { fixed, number: Number(fixed) / Number(ONE), calls: callsIn(cell) };
}

function sampleOfRatio(of: Fixed, by: Fixed, cell: Cell): Sample | null {
  if (by === 0n) return null;
  const [dividend, divisor] = by < 0n ? [-of, -by] : [of, by];
  return {
    fixed: divideRounded(dividend * ONE, divisor),
    // Both sides are whole numbers of 10^-12, so a single division of doubles gives the nearest one.
    number: Number(of) / Number(by),
    calls: callsIn(cell),
  };
}

function sampleOfQuantile(quantile: number | null, cell: Cell | null): Sample | null {
  if (quantile === null) return null;
  return { fixed: fixedFromNumber(quantile), number: quantile, calls: callsIn(cell) };
}
