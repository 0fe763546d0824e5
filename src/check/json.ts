// Prints `check --format json`.

import { contextJson, findingTexts, textsJson } from '../model/alert-context.ts';
import { NONE } from '../model/finding.ts';
import { findingJson, observationJson } from '../model/finding-json.ts';
import { JsonItems, jsonPieces } from '../model/json.ts';
import type { Rule } from '../model/rule.ts';
import { isoInstant } from '../model/window.ts';
import { type CheckedRule, type CheckResult, severityOf, statusOf } from './result.ts';
import type { CheckedFindingJson, CheckedRuleJson, CheckJson } from './schema.ts';

/** Groups listed per rule. A rule by user may observe thousands. */
export const OBSERVED = 100;
/** Models without a price that are listed. */
const MODELS = 100;

/** How deep the JSON is split into pieces: down to single findings, which together may exceed the longest string. */
const IN_PIECES = 4;

/** The result in pieces of JSON text; `name` is that of the installation. It has the same shape when the store could not be read. */
export function checkJson(result: CheckResult, name: string | null = null): Iterable<string> {
  return jsonPieces(resultJson(result, name), 2, IN_PIECES);
}

/** A rule whose findings are made one by one while they are written. */
type WrittenRule = Omit<CheckedRuleJson, 'findings'> & { readonly findings: JsonItems<CheckedFindingJson> };

function resultJson(
  result: CheckResult,
  name: string | null,
): Omit<CheckJson, 'rules'> & { readonly rules: WrittenRule[] } {
  const { at, newestRow, rowsConsidered, unpriced, unpricedError, error } = result;
  return {
    name: name ?? undefined,
    at: isoInstant(at),
    status: statusOf(result),
    data: {
      newest_row: newestRow === null ? null : isoInstant(newestRow),
      rows_considered: rowsConsidered,
      source: error !== null ? undefined : result.kept === null ? 'direct' : 'kept',
      reconciled_at: result.kept === null ? undefined : reconciledAt(result.kept),
      ahead_seconds: result.aheadMs === null ? undefined : Math.round(result.aheadMs / 1000),
      unpriced: unpriced === null ? undefined : unpricedJson(unpriced),
      unpriced_error: unpricedError ?? undefined,
    },
    rules: result.rules.map((rule) => ruleJson(rule)),
    error: error ?? undefined,
  };
}

function reconciledAt(kept: NonNullable<CheckResult['kept']>): string | null {
  return kept.reconciledAt === null ? null : isoInstant(kept.reconciledAt);
}

/** Calls without a price in the windows of all rules on money, from the earliest beginning to the latest end. */
function unpricedJson({ calls, models, window }: NonNullable<CheckResult['unpriced']>) {
  return {
    calls,
    models: models.slice(0, MODELS).map((one) => ({ model: one.model ?? NONE, calls: one.calls })),
    window: { from: isoInstant(window.from), to: isoInstant(window.to) },
  };
}

/** One rule with its findings. */
export function ruleJson(checked: CheckedRule): WrittenRule {
  const { rule, status, observed, findings, error } = checked;
  return {
    name: rule.name,
    type: rule.type,
    status,
    severity: severityOf(checked),
    ...contextJson(rule),
    observed: observed.worst(OBSERVED).map((one) => observationJson(rule, one, checked.unpricedOf(one.key))),
    findings: new JsonItems(findingsJson(rule, findings)),
    more_findings: checked.moreFindings,
    error,
  };
}

function* findingsJson(rule: Rule, findings: CheckedRule['findings']): Generator<CheckedFindingJson> {
  for (const { finding, silenced } of findings)
    yield { ...findingJson(finding, silenced), ...textsJson(findingTexts(rule, finding), rule) };
}
