// Judges every rule once, as of one instant.

import { sentenceOf } from '../model/errors.ts';
import type { Firing } from '../model/finding.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Dimension } from '../model/series.ts';
import { silenceOf } from '../model/silence.ts';
import { EXPLAINED_WITHIN_MS } from '../model/unexplained-text.ts';
import { windowAt } from '../model/window.ts';
import type { Source } from '../pipeline/collect.ts';
import { type EvaluatedRules, evaluateRules, evaluationTimeOf } from '../pipeline/evaluate-rules.ts';
import { explain } from '../pipeline/explain.ts';
import { limitedReads } from '../pipeline/limited-reads.ts';
import { unpricedValues } from '../pipeline/unpriced.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { CheckedRule, CheckResult } from './result.ts';

/** What a check needs. It needs no state store, because it shows what fires and not what would be notified. */
export interface CheckParts {
  readonly store: AuditStore;
  /** Answers queries in place of the store, where it can; null to ask the store directly. */
  readonly source: Source | null;
  readonly dimensions: ReadonlySet<Dimension>;
  readonly rules: readonly Rule[];
  readonly silences: readonly Silence[];
  readonly zone: string;
  readonly schedule: Schedule;
}

/** Judges every rule as of one instant. Throws the store's AppError when nothing could be read. */
export async function evaluateOnce(parts: CheckParts, at: number): Promise<CheckResult> {
  const { store, zone, rules } = parts;
  const source = parts.source ?? store;
  const { newestRow, outcomes, rowsIn } = await evaluatedBy(parts, source, at);
  const judged = outcomes.map(({ rule, evaluations, error }) => ({
    rule,
    judgement: evaluations[0]?.judgement,
    error,
  }));
  const explained = await explain(
    { ...parts.source, ...limitedReads(store, EXPLAINED_WITHIN_MS) },
    parts.dimensions,
    judged.map(({ rule, judgement }) => ({ rule, firing: judgement?.firing ?? [] })),
    at,
  );
  const unpriced = await unpricedValues(source, parts.dimensions, rules, at, zone);
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
    kept: null,
    aheadMs: null,
    error: null,
  };
}

/** Rules that the source cannot judge are judged from the store. */
async function evaluatedBy(
  { store, zone, rules, schedule }: CheckParts,
  source: Source,
  at: number,
): Promise<Pick<EvaluatedRules, 'newestRow' | 'outcomes' | 'rowsIn'>> {
  const assignments = rules.map((rule) => ({ rule, times: [evaluationTimeOf(rule, at, schedule)] }));
  const widest = widestWindow(rules, at, zone);
  const first = await evaluateRules(source, zone, assignments, at, widest);
  const open = assignments.filter((_, i) => first.outcomes[i]?.isOpen);
  if (open.length === 0) return first;
  const second = await evaluateRules(store, zone, open, at, widest);
  const asked = [...second.outcomes];
  return {
    ...second,
    outcomes: first.outcomes.map((one) => (one.isOpen ? (asked.shift() ?? one) : one)),
  };
}

/** The result where the store could not be read: every rule has the error. */
export function unreadable(
  parts: Pick<CheckParts, 'rules' | 'zone'>,
  at: number,
  reason: string,
): CheckResult {
  const rules = parts.rules.map((rule) => failed(rule, reason));
  const nothing = {
    newestRow: null,
    rowsConsidered: 0,
    unpriced: null,
    unpricedError: null,
    aheadMs: null,
    kept: null,
  };
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
    const silence = silenceOf(rule, key, at, silences);
    return silence === null ? null : { reason: silence.reason, until: silence.until };
  };
}

function widestWindow(rules: readonly Rule[], at: number, zone: string) {
  const windows = rules.map((rule) => windowAt(rule.window, at - rule.delayMs, zone));
  return windows.sort((a, b) => b.to - b.from - (a.to - a.from))[0] ?? null;
}
