// Validates a file's values, also if channels lack secrets.

import type { z } from 'zod';
import { describeIssue } from './issue-words.ts';
import { isRecord } from './path.ts';
import type { Problem } from './problem.ts';
import { type Alerts, alertsSchema } from './schema.ts';

export interface ParsedAlerts {
  /** The file's values without the channels that lack secrets; null if there are other faults. */
  readonly data: Alerts | null;
  readonly issues: readonly z.core.$ZodIssue[];
  /** The issues about secrets that channels lack. */
  readonly absent: readonly z.core.$ZodIssue[];
}

/** Validates the values of a file; `missing` are the places in channels whose variable or secret file does not exist. */
export function parseAlerts(value: unknown, missing: readonly Problem[]): ParsedAlerts {
  const whole = alertsSchema.safeParse(value, { error: describeIssue });
  if (whole.success) return { data: whole.data, issues: [], absent: [] };
  const absent = whole.error.issues.filter(isAbsent);
  const issues = whole.error.issues.filter((issue) => !isAbsent(issue));
  const incomplete = [...missing, ...absent].map(({ path }) => String(path[1]));
  const rest = alertsSchema.safeParse(withoutChannels(value, incomplete));
  return { data: rest.success ? rest.data : null, issues, absent };
}

function isAbsent(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.variable !== undefined;
}

function withoutChannels(value: unknown, names: readonly string[]): unknown {
  if (!isRecord(value) || !isRecord(value.channels)) return value;
  const complete = Object.entries(value.channels).filter(([name]) => !names.includes(name));
  return { ...value, channels: Object.fromEntries(complete) };
}
