// Schemas of values that occur in much of the program's JSON.

import { z } from 'zod';
import type { Fixed } from './money.ts';
import { SEVERITIES } from './rule.ts';

/** An exact decimal, a Fixed until it is printed. */
export const exactNumber = z.custom<Fixed>(isNumber).meta({ type: 'number' });

/** An exact decimal, or a double where values are ratios, averages or percentiles. */
export const amount = z.custom<Fixed | number>(isNumber).meta({ type: 'number' });

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** An instant as `isoInstant` writes it. */
export const instant = z.string().meta({ format: 'date-time' });

export const windowSchema = z
  .strictObject({ from: instant, to: instant })
  .describe('With its first instant and without its last');

export const severity = z.enum(SEVERITIES);

/** Values by dimension, as `groupObject` makes them. */
export const group = z
  .record(z.string(), z.string())
  .describe('Values by dimension; NULL is `(none)`; empty for a rule without `group_by`');

export const silencedSchema = z
  .strictObject({ reason: z.string(), until: instant })
  .describe('Why and until when it is silenced');

export const names = z.record(z.string(), z.string());
