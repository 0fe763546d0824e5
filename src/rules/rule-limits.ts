// Limits by severity: one number, or one for each severity.

import { z } from 'zod';
import type { Fixed } from '../model/money.ts';
import { SEVERITIES, type Severity } from '../model/rule.ts';
import { type Fault, fault } from './rule-scalars.ts';

/** A limit of a severity. */
export interface LimitStep {
  readonly severity: Severity;
  readonly bound: Fixed;
}

/** The keys of the limits: `threshold` for one, `thresholds` by severity; `example` is a milder and a more severe one. */
export interface LimitKeys {
  readonly one: string;
  readonly many: string;
  readonly example: readonly [mild: string, severe: string];
  /** Whether lower limits are the more severe ones. */
  readonly falls?: boolean;
  /** What has this order, for people: `limits of operator <`. */
  readonly ordered: string;
}

/** The key of limits by severity. */
export function bySeverity<S extends z.ZodType>(limit: S) {
  return z.strictObject({ info: limit.optional(), warning: limit.optional(), critical: limit.optional() });
}

/** The limits by ascending severity. A single one has the rule's own severity. */
export function limitSteps(
  severity: Severity,
  one: Fixed | undefined,
  many: Readonly<Partial<Record<Severity, Fixed | undefined>>> | undefined,
): LimitStep[] {
  const limits = many ?? { [severity]: one };
  return SEVERITIES.flatMap((name) => {
    const bound = limits[name];
    return bound === undefined ? [] : [{ severity: name, bound }];
  });
}

/** Faults between the keys of limits. Any key may be missing or invalid. */
export function limitFaults(given: object, keys: LimitKeys): Fault[] {
  const { one, many } = keys;
  const [mild, severe] = keys.example;
  const { [one]: single, [many]: several } = given as Readonly<Record<string, unknown>>;
  if (single !== undefined && several !== undefined) {
    return [fault(`${one} and ${many} exclude each other`, 'keep one of them', [many])];
  }
  if (single === undefined && several === undefined) {
    const hint = `give ${one}: ${mild}, or ${many}: { warning: ${mild}, critical: ${severe} }`;
    return [fault('a limit is missing', hint, [one])];
  }
  if (typeof several !== 'object' || several === null) return [];
  if (Object.keys(several).length === 0) {
    return [fault('no limit is given', 'give at least one of info, warning, critical', [many])];
  }
  return orderFaults(several as Readonly<Record<string, unknown>>, keys);
}

function orderFaults(
  limits: Readonly<Record<string, unknown>>,
  { many, falls = false, ordered }: LimitKeys,
): Fault[] {
  let milder: LimitStep | null = null;
  const faults: Fault[] = [];
  for (const severity of SEVERITIES) {
    const bound = limits[severity];
    if (typeof bound !== 'bigint') continue;
    if (milder !== null && (falls ? bound > milder.bound : bound < milder.bound)) {
      const message = `${severity} is ${falls ? 'above' : 'below'} ${milder.severity}`;
      const order = falls ? 'info >= warning >= critical' : 'info <= warning <= critical';
      faults.push(fault(message, `${ordered} stand in the order ${order}`, [many, severity]));
    }
    milder = { severity, bound };
  }
  return faults;
}
