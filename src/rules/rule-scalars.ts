// Schemas of scalar values: durations, windows, decimals, conditions.

import { z } from 'zod';
import { type Fixed, fixedFromNumber, ONE, parseFixed } from '../model/money.ts';
import type { Condition } from '../model/series.ts';
import {
  DURATION_BOUNDS,
  isWrittenDuration,
  LONGEST_DURATION,
  parseDuration,
  parseWindow,
} from '../model/window.ts';

const DURATION_HINT = 'write a number and a unit: 90s, 15m, 1h, 7d, 2w';

/** A fault of a key's value, with a hint at what to do. The loader prints `params.hint`. */
export function fault(message: string, hint: string, path: (string | number)[] = []) {
  return { code: 'custom' as const, message, path, params: { hint }, input: undefined };
}

export type Fault = ReturnType<typeof fault>;

/**
 * Checks the keys of a mapping against each other, beside the checks of single keys, so that one kind of fault does not hide
 * the other. Any of the keys that `faultsOf` gets may be missing or invalid.
 */
export function faultsBetween(faultsOf: (given: Readonly<Record<string, unknown>>) => readonly Fault[]) {
  return z.superRefine<object>(
    (given, ctx) => {
      for (const one of faultsOf(given as Readonly<Record<string, unknown>>)) ctx.addIssue(one);
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  );
}

/** The fault of an amount below 0 under a key; none of what is no amount. */
export function negativeFaults(value: unknown, key: string, hint: string): Fault[] {
  return typeof value === 'bigint' && value < 0n ? [fault('must not be negative', hint, [key])] : [];
}

/** A duration such as `15m`, in ms, between `minMs` and `maxMs`. */
export function duration(limits: { minMs?: number; maxMs?: number; limitText?: string } = {}) {
  const { minMs = 0, maxMs = Number.POSITIVE_INFINITY, limitText = `at most ${LONGEST_DURATION}` } = limits;
  const title = minMs === 0 && maxMs === Number.POSITIVE_INFINITY ? 'duration' : `duration ${limitText}`;
  return z
    .string()
    .meta({ title })
    .transform((text, ctx) => {
      const ms = parseDuration(text);
      if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
      const message = isWrittenDuration(text) ? `must be ${limitText}` : 'not a duration';
      ctx.issues.push(fault(message, DURATION_HINT));
      return z.NEVER;
    });
}

/** A whole number of days such as `28d`. */
export const wholeDays = z
  .string()
  .meta({ title: 'whole days from 1d to 366d' })
  .transform((text, ctx) => {
    const days = (parseDuration(text) ?? Number.NaN) / 86_400_000;
    if (Number.isInteger(days) && days >= 1 && days <= 366) return days;
    ctx.issues.push(
      fault('not a whole number of days from 1d to 366d', 'write whole days, such as 28d or 4w'),
    );
    return z.NEVER;
  });

export const windowText = z
  .string()
  .meta({ title: 'window' })
  .transform((text, ctx) => {
    const spec = parseWindow(text);
    if (spec !== null) return spec;
    const hint = 'use a duration (15m, 1h, 24h, 7d) or today, yesterday, this_week, this_month';
    const message = isWrittenDuration(text) ? `must be ${DURATION_BOUNDS}` : 'not a window';
    ctx.issues.push(fault(message, hint));
    return z.NEVER;
  });

/** A key of other rule types, which this one does not take. `hint` says what to do. */
export function refusedKey(message: string, hint: string) {
  return z
    .unknown()
    .optional()
    .superRefine((value, ctx) => {
      if (value !== undefined) ctx.addIssue(fault(message, hint));
    })
    .meta({ not: {}, description: message });
}

/** An exact decimal: `100.10` is 100.10. Text is accepted too, because environment variables are text. */
export const decimal = z
  .union([z.number(), z.string()], { error: 'expected a number' })
  .transform((value, ctx): Fixed => {
    const fixed = typeof value === 'number' ? fixedFromNumber(value) : parseFixed(value);
    if (fixed !== null) return fixed;
    ctx.issues.push(
      fault('not a number', 'write a plain decimal such as 100 or 0.05, without unit or commas'),
    );
    return z.NEVER;
  });

/** A percentage above 0 as an exact part: `50%` and 0.5 are the same. `most` is in whole percents. */
export function percentage(most: number) {
  return z
    .union([z.number(), z.string()], { error: 'expected a percentage' })
    .meta({ title: 'percentage' })
    .transform((value, ctx): Fixed => {
      const [, percent] = /^\s*(.*?)\s*%\s*$/.exec(String(value)) ?? [];
      const part = percent === undefined ? parseFixed(String(value)) : hundredthOf(percent);
      const isTooMuch = part !== null && part * 100n > BigInt(most) * ONE;
      if (part !== null && part > 0n && !isTooMuch) return part;
      const message =
        part === null ? 'not a percentage' : isTooMuch ? `must be at most ${most}%` : 'must be above 0';
      ctx.issues.push(fault(message, 'write a percentage such as 50%, or a number such as 0.5'));
      return z.NEVER;
    });
}

/** A part of a whole, above 0 and at most 1. */
export const partOfWhole = percentage(100);

function hundredthOf(text: string): Fixed | null {
  return /e/i.test(text) ? null : parseFixed(`${text}e-2`);
}

/** A number for statistics within limits, both inclusive unless `above` excludes the lower one. */
export function numberBetween(min: number, max: number, options: { above?: boolean; whole?: boolean } = {}) {
  const range = `${options.above === true ? `above ${min}` : `at least ${min}`} and at most ${max}`;
  const kind = options.whole === true ? 'a whole number' : 'a number';
  const upTo = max < 1e9 ? (options.above === true ? `, at most ${max}` : ` to ${max}`) : '';
  const title = `${kind.slice(2)} ${options.above === true ? 'above' : 'from'} ${min}${upTo}`;
  const written = z.union([z.number(), z.string()], { error: `expected ${kind}` }).meta({ title });
  return written.transform((value, ctx): number => {
    const number = typeof value === 'number' || value.trim() !== '' ? Number(value) : Number.NaN;
    const fits = number <= max && (options.above === true ? number > min : number >= min);
    if (fits && (options.whole !== true || Number.isInteger(number))) return number;
    ctx.issues.push(fault(`not ${kind} in range`, `write ${kind} ${range}`));
    return z.NEVER;
  });
}

/** A value of a dimension: the text as written (`007` is not 7), or YAML null for SQL's NULL. */
export const dimensionValue = z.union([z.string().meta({ asWritten: true }), z.null()], {
  error: 'expected a text or null',
});

const valueList = z.array(dimensionValue).min(1, { error: 'an empty list matches nothing: name a value' });

/** `search`, `[a, b]`, `{ not: x }` or `{ not: [x, null] }`. */
export const condition = z
  .union([dimensionValue, valueList, z.strictObject({ not: z.union([dimensionValue, valueList]) })], {
    error: 'expected a value, a list of values or { not: [values] }',
  })
  .transform((given): Condition => {
    if (given === null || typeof given === 'string') return { in: [given] };
    if (Array.isArray(given)) return { in: given };
    return { notIn: Array.isArray(given.not) ? given.not : [given.not] };
  });
