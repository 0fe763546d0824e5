// The bins of sketches as SQL. All reads use these expressions, so that their sketches merge.

import {
  DECIMAL_DIGITS,
  DECIMAL_STRIDE,
  SKETCH_GAMMA,
  SMALLEST_EXPONENT,
  ZERO_BUCKET,
} from '../model/sketch.ts';

/** The logarithmic bucket of a double. */
export function bucketSql(value: string): string {
  const logarithm = `ceil(ln(${value}) / '${Math.log(SKETCH_GAMMA)}'::float8)`;
  return `CASE WHEN ${value} < 0.000000001 THEN ${ZERO_BUCKET} ELSE ${logarithm}::integer END`;
}

/** The decimal bin of a double: its exponent and its first digits as one number. */
export function decimalBinSql(value: string): string {
  const exponent = `floor(log(abs(${value})))`;
  const digits = `round(abs(${value}) * power(10::float8, ${DECIMAL_DIGITS - 1} - ${exponent}))`;
  const bin = `sign(${value}) * ((${exponent} - ${SMALLEST_EXPONENT - 1}) * ${DECIMAL_STRIDE} + ${digits})`;
  return `CASE WHEN abs(${value}) < 1e${SMALLEST_EXPONENT} THEN 0 ELSE (${bin})::integer END`;
}
