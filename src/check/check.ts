// Judges every rule once, as of one instant.

import { sentenceOf } from '../model/errors.ts';
import type { Firing } from '../model/finding.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Dimension } from '../model/series.ts';
import { isSilenced } from '../model/silence.ts';
import { EXPLAINED_WITHIN_MS } from '../model/unexplained-text.ts';
import { windowAt } from '../model/window.ts';
import { evaluateRules, momentOf } from '../pipeline/evaluate-rules.ts';
import { explain } from '../pipeline/explain.ts';
import { limitedReads } from '../pipeline/limited-reads.ts';
import { unpricedValues } from '../pipeline/unpriced.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { CheckedRule, CheckResult } from './result.ts';

/** What a check needs. There is no state store: a check shows what is, not what is news. */
export interface CheckParts {
  readonly store: AuditStore;
  readonly dimensions: ReadonlySet<Dimension>;
  readonly rules: readonly Rule[];
  readonly silences: readonly Silence[];
  readonly zone: string;
  readonly schedule: Schedule;
}

/** Judges every rule as of one instant. Throws the store's AppError when nothing could be read. */
export async function evaluateOnce(parts: CheckParts, at: number): Promise<CheckResult> {
  const { store, zone, rules } = parts;
  const assignments = rules.map((rule) => ({ rule, moments: [momentOf(rule, at, parts.schedule)] }));
  const widest = widestWindow(rules, at, zone);
  const { newestRow, outcomes, rowsIn } = await evaluateRules(store, zone, assignments, at, widest);
  const judged = outcomes.map(({ rule, evaluations, error }) => ({
    rule,
    judgement: evaluations[0]?.judgement,
    error,
  }));
  const explained = await explain(
    limitedReads(store, EXPLAINED_WITHIN_MS),
    parts.dimensions,
    judged.map(({ rule, judgement }) => ({ rule, firing: judgement?.firing ?? [] })),
    at,
  );
  const unpriced = await unpricedValues(store, parts.dimensions, rules, at, zone);
  const checked = judged.map(({ rule, judgement, error }, i): CheckedRule => {
    const silenced = silencedBy(rule, at, parts.silences);
    const found = error ?? explained[i] ?? [];
    if (found instanceof Error) return failed(rule, sentenceOf(found));
    if (judgement === undefined) return failed(rule, null);
    return {
      rule,
      status: judgement.status,
      observed: judgement.observed,
      findings: found.map((finding) => ({ finding, silenced: silenced(finding) })),
      unpricedOf: (key) => unpriced.of(rule, key),
      isPartlyUnpriced: unpriced.any(rule),
      error: null,
    };
  });
  const { all, error: unpricedError } = unpriced;
  return {
    at,
    zone,
    newestRow,
    rowsConsidered: rowsIn,
    rules: checked,
    unpriced: all,
    unpricedError,
    aheadMs: null,
    error: null,
  };
}

/** The result where the store could not be read: every rule is an error with the reason. */
export function unreadable(
  parts: Pick<CheckParts, 'rules' | 'zone'>,
  at: number,
  reason: string,
): CheckResult {
  const rules = parts.rules.map((rule) => failed(rule, reason));
  const nothing = { newestRow: null, rowsConsidered: 0, unpriced: null, unpricedError: null, aheadMs: null };
  return { at, zone: parts.zone, ...nothing, rules, error: reason };
}

function failed(rule: Rule, reason: string | null): CheckedRule {
  return {
    rule,
    status: 'error',
    observed: NOTHING_OBSERVED,
    findings: [],
    unpricedOf: () => null,
    isPartlyUnpriced: false,
    error: reason,
  };
}

function silencedBy(rule: Rule, at: number, silences: readonly Silence[]) {
  return ({ key }: Pick<Firing, 'key'>) => {
    const silence = isSilenced(rule, key, at, silences);
    return silence === null ? null : { reason: silence.reason, until: silence.until };
  };
}

function widestWindow(rules: readonly Rule[], at: number, zone: string) {
  const windows = rules.map((rule) => windowAt(rule.window, at - rule.delayMs, zone));
  return windows.sort((a, b) => b.to - b.from - (a.to - a.from))[0] ?? null;
}
