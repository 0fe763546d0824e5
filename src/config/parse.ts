// Validates a file's values, also if channels lack secrets.

import type { z } from 'zod';
import { describeIssue } from './issue-words.ts';
import { isApiToken, isRecord, type Path } from './path.ts';
import type { Problem } from './problem.ts';
import { type Alerts, alertsSchema } from './schema.ts';

export interface ParsedAlerts {
  /** The file's values without channels, heartbeat and token of the API that lack secrets; null if there are other faults. */
  readonly data: Alerts | null;
  readonly issues: readonly z.core.$ZodIssue[];
  /** The issues about secrets that channels lack. */
  readonly absent: readonly z.core.$ZodIssue[];
}

/** Validates the values of a file; `missing` are the places whose variable or secret file does not exist. */
export function parseAlerts(value: unknown, missing: readonly Problem[]): ParsedAlerts {
  const whole = alertsSchema.safeParse(value, { error: describeIssue });
  if (whole.success) return { data: whole.data, issues: [], absent: [] };
  const absent = whole.error.issues.filter(isAbsent);
  const issues = whole.error.issues.filter((issue) => !isAbsent(issue));
  const rest = alertsSchema.safeParse(without(value, [...missing, ...absent] as readonly { path: Path }[]));
  return { data: rest.success ? rest.data : null, issues, absent };
}

function isAbsent(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.variable !== undefined;
}

function without(value: unknown, incomplete: readonly { readonly path: Path }[]): unknown {
  if (!isRecord(value)) return value;
  const { channels, http, heartbeat, ...others } = value;
  const lacking = incomplete.flatMap(({ path }) => (path[0] === 'channels' ? [String(path[1])] : []));
  const hasToken = !incomplete.some(({ path }) => isApiToken(path));
  const hasHeartbeat = heartbeat !== undefined && !incomplete.some(({ path }) => path[0] === 'heartbeat');
  return {
    ...others,
    ...(hasHeartbeat && { heartbeat }),
    ...(channels !== undefined && { channels: picked(channels, (name) => !lacking.includes(name)) }),
    ...(http !== undefined && { http: picked(http, (key) => hasToken || key !== 'token') }),
  };
}

function picked(value: unknown, wanted: (key: string) => boolean): unknown {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => wanted(key))) : value;
}
