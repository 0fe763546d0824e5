// Prints `check --format nagios`.

import { windowText } from '../model/alert-section.ts';
import { displayText } from '../model/display-text.ts';
import { counted } from '../model/display-value.ts';
import { groupLabel } from '../model/group-label.ts';
import { type Rule, stepOf, windowOf } from '../model/rule.ts';
import { leastOf, unpricedCallsText } from '../model/unpriced-text.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { type CheckedFinding, type CheckedRule, type CheckResult, statusOf } from './result.ts';

/**
 * One line in the format of monitoring plugins: the worst finding, then performance data with an entry per rule.
 * Source: Monitoring Plugins development guidelines, "plugin output for Nagios" and "performance data".
 */
export function checkNagios(result: CheckResult): string {
  const perfdata = result.rules.map(perfdataOf).join(' ');
  const text = `SPEND ${statusOf(result).toUpperCase()} - ${harmless(textOf(result))}`;
  return perfdata === '' ? text : `${text} | ${perfdata}`;
}

function textOf(result: CheckResult): string {
  const findings = result.rules.flatMap((checked) =>
    checked.findings.map((found) => ({ ...found, rule: checked.rule })),
  );
  if (findings.length > 0) {
    const worst = findings.reduce((first, one) => (worstFirst(one, first) < 0 ? one : first));
    const more = findings.length - 1;
    return `${sentenceOf(worst.rule, worst)}${more > 0 ? ` (+${more} more)` : ''}`;
  }
  if (result.error !== null) return result.error;
  const failed = result.rules.filter((checked) => checked.status === 'error');
  if (failed[0] !== undefined) {
    const others = failed.length > 1 ? ` (+${failed.length - 1} more)` : '';
    return `${displayText(failed[0].rule.name)}: ${failed[0].error}${others}`;
  }
  const { unpriced } = result;
  const lacking = unpriced === null ? '' : ` (${unpricedCallsText(unpriced)})`;
  return `${counted(result.rules.length, 'rule')}, nothing fires${lacking}`;
}

function sentenceOf(rule: Rule, { finding, silenced }: CheckedFinding): string {
  const { comparison, note } = finding.description;
  const [value, limit] = comparison;
  const group = groupLabel(rule.groupBy, finding.key);
  const rest = note === null ? '' : `, ${note}`;
  const suffix = silenced === null ? '' : ' (silenced)';
  const shown = leastOf(finding, value);
  const subject = group === '' ? '' : `${group} `;
  return `${displayText(rule.name)}: ${subject}${shown} ${limit} ${windowText(windowOf(rule, finding.window))}${rest}${suffix}`;
}

/** Order across rules: most severe first, then the largest value; silenced findings come last within their severity. */
function worstFirst(a: CheckedFinding, b: CheckedFinding): number {
  const severity = stepOf(b.finding.severity) - stepOf(a.finding.severity);
  if (severity !== 0) return severity;
  if ((a.silenced === null) !== (b.silenced === null)) return a.silenced === null ? -1 : 1;
  return a.finding.value.fixed > b.finding.value.fixed
    ? -1
    : a.finding.value.fixed < b.finding.value.fixed
      ? 1
      : 0;
}

/** `'hourly-burn'=312.46;50;100`. An unknown value is U, a missing limit is empty. */
function perfdataOf({ rule, observed }: CheckedRule): string {
  const { value, warning, critical } = ruleTypeOf(rule).perfdata(rule, observed.worst(1)[0]);
  return `'${labelOf(rule.name)}'=${value ?? 'U'};${warning ?? ''};${critical ?? ''}`;
}

/** A rule's name as a label, without the characters that would end or split it. */
function labelOf(name: string): string {
  return displayText(name).replace(/['=|;]/g, '_');
}

/** Removes characters that would end the text part of the line. */
function harmless(text: string): string {
  return text.replace(/\|/g, '¦').replace(/\s+/g, ' ');
}
