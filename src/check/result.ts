// The result of a check, its status and its exit code.

import type { Finding } from '../model/finding.ts';
import type { Silenced } from '../model/finding-json.ts';
import type { Observed } from '../model/observed.ts';
import type { Rule, Severity } from '../model/rule.ts';
import { SEVERITIES } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import type { UnpricedValues } from '../pipeline/unpriced.ts';

export interface CheckedFinding {
  readonly finding: Finding;
  /** Why and until when it is silenced; null when it is not. */
  readonly silenced: Silenced | null;
}

export interface CheckedRule {
  readonly rule: Rule;
  readonly status: 'ok' | 'firing' | 'no_data' | 'error';
  readonly observed: Observed;
  readonly findings: readonly CheckedFinding[];
  /** How many more fire, where not all are listed; absent for none. */
  readonly moreFindings?: number;
  /** How many calls without a price a group's value lacks, which is then a lower bound; null when it lacks none. */
  unpricedOf(key: GroupKey): number | null;
  /** Whether any group's value lacks calls without a price. */
  readonly isPartlyUnpriced: boolean;
  /** Why the rule could not be read. */
  readonly error: string | null;
}

/** What `check` found at one instant. `error` says why nothing at all could be read. */
export interface CheckResult {
  readonly at: number;
  readonly zone: string;
  readonly newestRow: number | null;
  readonly rowsConsidered: number;
  readonly rules: readonly CheckedRule[];
  /** Calls without a price in the windows of rules on money; null where there are none. */
  readonly unpriced: UnpricedValues['all'];
  /** Why it is unknown which values lack calls without a price. */
  readonly unpricedError: string | null;
  /** Where kept sums answered: since when they are known to equal the store, ms. Null where the store answered. */
  readonly kept: { readonly reconciledAt: number | null } | null;
  /** How far the newest row is ahead of the clock, ms; null when it is not. */
  readonly aheadMs: number | null;
  readonly error: string | null;
}

export type CheckStatus = 'ok' | 'warning' | 'critical' | 'unknown';

/** Exit codes by the convention of monitoring plugins. */
export const EXIT_CODES: Readonly<Record<CheckStatus, number>> = {
  ok: 0,
  warning: 1,
  critical: 2,
  unknown: 3,
};

/** The overall status. Findings take precedence over rules that failed. */
export function statusOf(result: Pick<CheckResult, 'rules' | 'error'>): CheckStatus {
  const severities = result.rules.flatMap((rule) => severityOf(rule) ?? []);
  if (severities.includes('critical')) return 'critical';
  if (severities.length > 0) return 'warning';
  if (result.error !== null || result.rules.some((rule) => rule.status === 'error')) return 'unknown';
  return 'ok';
}

/** The highest severity of a rule's findings. */
export function severityOf(rule: CheckedRule): Severity | null {
  const severities = new Set(rule.findings.map(({ finding }) => finding.severity));
  return SEVERITIES.findLast((severity) => severities.has(severity)) ?? null;
}
