import { sentenceOf } from '../model/errors.ts';
import type { Firing } from '../model/finding.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Dimension } from '../model/series.ts';
import { isSilenced } from '../model/silence.ts';
import { windowAt } from '../model/window.ts';
import { assess, momentOf } from '../pipeline/assess.ts';
import { explain } from '../pipeline/explain.ts';
import { unpricedValues } from '../pipeline/unpriced.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { CheckedRule, CheckResult } from './result.ts';

/** What a check works with: no state store, for it says what is, not what is news. */
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
  const { newestRow, outcomes, rowsIn } = await assess(store, zone, assignments, at, widest);
  const judged = outcomes.map(({ rule, evaluations, error }) => ({
    rule,
    judgement: evaluations[0]?.judgement,
    error,
  }));
  const explained = await explain(
    store,
    parts.dimensions,
    judged.map(({ rule, judgement }) => ({ rule, firing: judgement?.firing ?? [] })),
    at,
  );
  const unpriced = await unpricedValues(store, parts.dimensions, rules, at, zone);
  const checked = judged.map(({ rule, judgement, error }, i): CheckedRule => {
    const silenced = silencedBy(rule, at, parts.silences);
    const findings = (explained[i] ?? []).map((finding) => ({ finding, silenced: silenced(finding) }));
    return {
      rule,
      status: judgement === undefined ? 'error' : judgement.status,
      observed: judgement?.observed ?? NOTHING_OBSERVED,
      findings,
      unpricedOf: (key) => unpriced.of(rule, key),
      isPartlyUnpriced: unpriced.any(rule),
      error: error === null ? null : sentenceOf(error),
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
    error: null,
  };
}

/** What is printed when the store could not be read: every rule is an error with the reason. */
export function unreadable(
  parts: Pick<CheckParts, 'rules' | 'zone'>,
  at: number,
  reason: string,
): CheckResult {
  const rules = parts.rules.map((rule) => ({
    rule,
    status: 'error' as const,
    observed: NOTHING_OBSERVED,
    findings: [],
    unpricedOf: () => null,
    isPartlyUnpriced: false,
    error: reason,
  }));
  const nothing = { newestRow: null, rowsConsidered: 0, unpriced: null, unpricedError: null };
  return { at, zone: parts.zone, ...nothing, rules, error: reason };
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
