import { findingJson, observationJson } from '../model/finding-json.ts';
import { type JsonValue, jsonText } from '../model/json.ts';
import { isoInstant } from '../model/window.ts';
import { type CheckedRule, type CheckResult, severityOf, statusOf } from './result.ts';

/** Groups listed per rule: a rule by user may look at thousands. */
const OBSERVED = 100;

/** The object that `check --format json` prints; the same shape when the store could not be reached. */
export function checkJson(result: CheckResult): string {
  const { at, newestRow, rowsConsidered, error } = result;
  return jsonText(
    {
      at: isoInstant(at),
      status: statusOf(result),
      data: {
        newest_row: newestRow === null ? null : isoInstant(newestRow),
        rows_considered: rowsConsidered,
      },
      rules: result.rules.map(ruleJson),
      error: error ?? undefined,
    },
    2,
  );
}

function ruleJson(checked: CheckedRule): JsonValue {
  const { rule, status, observed, findings, error } = checked;
  return {
    name: rule.name,
    type: rule.type,
    status,
    severity: severityOf(checked),
    observed: observed.worst(OBSERVED).map((one) => observationJson(rule.metric, rule.groupBy, one)),
    findings: findings.map(({ finding, silenced }) => findingJson(finding, silenced)),
    error,
  };
}
