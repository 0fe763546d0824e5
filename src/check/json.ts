// --format json.

import { NONE } from '../model/finding.ts';
import { findingJson, observationJson } from '../model/finding-json.ts';
import { JsonItems, type JsonValue, jsonPieces } from '../model/json.ts';
import { isoInstant } from '../model/window.ts';
import { type CheckedRule, type CheckResult, severityOf, statusOf } from './result.ts';

/** Groups listed per rule: a rule by user may look at thousands. */
const OBSERVED = 100;
/** Models listed that have no price. */
const MODELS = 100;

/** Down to the findings, of which there may be more than one text can hold. */
const IN_PIECES = 4;

/** The object that `check --format json` prints, in pieces; the same shape when the store could not be reached. */
export function checkJson(result: CheckResult): Iterable<string> {
  const { at, newestRow, rowsConsidered, unpriced, unpricedError, error } = result;
  return jsonPieces(
    {
      at: isoInstant(at),
      status: statusOf(result),
      data: {
        newest_row: newestRow === null ? null : isoInstant(newestRow),
        rows_considered: rowsConsidered,
        ahead_seconds: result.aheadMs === null ? undefined : Math.round(result.aheadMs / 1000),
        unpriced: unpriced === null ? undefined : unpricedJson(unpriced),
        unpriced_error: unpricedError ?? undefined,
      },
      rules: result.rules.map(ruleJson),
      error: error ?? undefined,
    },
    2,
    IN_PIECES,
  );
}

/** Calls without a price in the windows of all rules that rest on cost, from the first beginning to the last end. */
function unpricedJson({ calls, models, window }: NonNullable<CheckResult['unpriced']>): JsonValue {
  return {
    calls,
    models: models.slice(0, MODELS).map((one) => ({ model: one.model ?? NONE, calls: one.calls })),
    window: { from: isoInstant(window.from), to: isoInstant(window.to) },
  };
}

function ruleJson(checked: CheckedRule): JsonValue {
  const { rule, status, observed, findings, error } = checked;
  return {
    name: rule.name,
    type: rule.type,
    status,
    severity: severityOf(checked),
    observed: observed
      .worst(OBSERVED)
      .map((one) => observationJson(rule.metric, rule.groupBy, one, checked.unpricedOf(one.key))),
    findings: new JsonItems(findingsJson(findings)),
    error,
  };
}

function* findingsJson(findings: CheckedRule['findings']): Generator<JsonValue> {
  for (const { finding, silenced } of findings) yield findingJson(finding, silenced);
}
