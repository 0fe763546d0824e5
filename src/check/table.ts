// Prints `check --format table`.

import { styleText } from 'node:util';
import Table from 'cli-table3';
import { displayText } from '../model/display-text.ts';
import { durationText, localSpan, localTime } from '../model/display-time.ts';
import { counted, displayValue } from '../model/display-value.ts';
import { NONE } from '../model/finding.ts';
import { groupLabel } from '../model/group-label.ts';
import type { Observation } from '../model/observation.ts';
import { quantityOf } from '../model/quantity.ts';
import { type Rule, type Severity, windowOf } from '../model/rule.ts';
import { unexplainedText } from '../model/unexplained-text.ts';
import {
  atLeast,
  belowOnlyIf,
  estimatedText,
  leastOf,
  priceCure,
  uncountedText,
  unpricedCallsText,
  unpricedText,
} from '../model/unpriced-text.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { type CheckedFinding, type CheckedRule, type CheckResult, severityOf, statusOf } from './result.ts';

/** Findings shown per rule; the rest are counted. */
const SHOWN = 10;

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** The result for people: a line for each rule, then each finding with its breakdown. */
export function checkTable(result: CheckResult, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const blocks = [headline(result, paint)];
  if (result.error !== null) blocks.push(paint('red', result.error));
  if (result.rules.length > 0) blocks.push(overview(result.rules, paint));
  if (result.unpriced !== null) {
    const span = localSpan(result.unpriced.window.from, result.unpriced.window.to, result.zone);
    const cure = priceCure(result.unpriced);
    blocks.push(paint('yellow', `${unpricedCallsText(result.unpriced)}; ${cure} (${span})`));
  }
  if (result.unpricedError !== null)
    blocks.push(
      paint('yellow', `it is unknown which values lack calls without a price: ${result.unpricedError}`),
    );
  for (const checked of result.rules) {
    if (checked.findings.length > 0) blocks.push(findingsOf(checked, result.zone, paint));
    // Where nothing could be read, the reason stands above, once for all rules.
    if (checked.error !== null && result.error === null)
      blocks.push(`${paint('magenta', displayText(checked.rule.name))}: ${checked.error}`);
  }
  return blocks.join('\n\n');
}

const STATUS_STYLE = { ok: 'green', warning: 'yellow', critical: 'red', unknown: 'magenta' } as const;
export const SEVERITY_STYLE: Readonly<Record<Severity, Style>> = {
  info: 'cyan',
  warning: 'yellow',
  critical: 'red',
};

function headline(result: CheckResult, paint: Paint): string {
  const status = statusOf(result);
  const asOf = `as of ${localTime(result.at, result.zone)}`;
  const data =
    result.newestRow === null
      ? result.error === null
        ? 'the store has no rows'
        : 'the store could not be read'
      : `newest row ${durationText(Math.max(0, result.at - result.newestRow))} before that, ${counted(result.rowsConsidered, 'row')} considered`;
  return `${paint(['bold', STATUS_STYLE[status]], status.toUpperCase())} ${asOf} (${data})`;
}

function overview(rules: readonly CheckedRule[], paint: Paint): string {
  const table = new Table({
    head: ['rule', 'status', 'worst', 'value', 'limit', 'window'].map((text) => paint('dim', text)),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    colAligns: ['left', 'left', 'left', 'right', 'left', 'left'],
  });
  for (const checked of rules) {
    const { rule, observed, findings } = checked;
    const worst = findings[0]?.finding ?? observed.worst(1)[0];
    table.push([
      displayText(rule.name, 40),
      statusWord(checked, paint),
      worst === undefined ? '' : groupLabel(rule.groupBy, worst.key),
      worst === undefined ? '' : leastValue(checked, worst),
      ruleTypeOf(rule).limitText(rule),
      rule.window.text,
    ]);
  }
  return table.toString().replace(/[ ]+$/gm, '');
}

/** The worst value may be complete while those of other groups are not. */
function leastValue(
  { rule, unpricedOf, isPartlyUnpriced }: CheckedRule,
  { key, value }: Observation,
): string {
  const unpriced = unpricedOf(key);
  const shown = leastOf({ ...rule, unpriced }, displayValue(quantityOf(rule), value.fixed));
  return isPartlyUnpriced && unpriced === null ? `${shown}, others unknown` : shown;
}

function statusWord(checked: CheckedRule, paint: Paint): string {
  const severity = severityOf(checked);
  if (severity !== null) {
    const suffix = checked.findings.every(({ silenced }) => silenced !== null) ? ' (silenced)' : '';
    return paint(SEVERITY_STYLE[severity], `${severity}${suffix}`);
  }
  if (checked.status === 'error') return paint('magenta', 'not known');
  return checked.status === 'no_data' ? paint('dim', 'no data') : paint('green', 'ok');
}

function findingsOf({ rule, findings }: CheckedRule, zone: string, paint: Paint): string {
  const lines = findings.slice(0, SHOWN).flatMap((one) => findingLines(rule, one, zone, paint));
  const more = findings.length - SHOWN;
  return [
    ...lines,
    ...(more > 0 ? [`  and ${counted(more, 'more group')} of ${displayText(rule.name)}`] : []),
  ].join('\n');
}

function findingLines(
  rule: Rule,
  { finding, silenced }: CheckedFinding,
  zone: string,
  paint: Paint,
): string[] {
  const { metric, description, unpriced } = finding;
  const [value, limit] = description.comparison;
  const group = groupLabel(rule.groupBy, finding.key);
  const title = `${displayText(rule.name)}${group === '' ? '' : `: ${group}`}`;
  const severity = paint(SEVERITY_STYLE[finding.severity], finding.severity.toUpperCase());
  const lines = [
    `${severity} ${paint('bold', title)}  ${leastOf(finding, value)} ${limit}`,
    `  window ${localTime(finding.window.from, zone)} to ${localTime(finding.window.to, zone)} (${windowOf(rule, finding.window).text})`,
    ...description.lines.map((line) => `  ${line}`),
  ];
  for (const [dimension, parts] of Object.entries(finding.breakdown)) {
    const shown = parts.map(
      ({ key, value: part, unpriced: lacking }) =>
        `${displayText(key ?? NONE, 40)} ${atLeast(displayValue(metric, part.fixed), lacking)} (${counted(part.calls, 'call')})`,
    );
    if (shown.length > 0) lines.push(`  by ${dimension}: ${shown.join(', ')}`);
  }
  const unexplained = unexplainedText(finding);
  if (unexplained !== null) lines.push(`  ${unexplained}`);
  const estimated = estimatedText(finding);
  if (estimated !== null) lines.push(`  ${estimated}`);
  if (unpriced !== null) {
    lines.push(
      finding.quantity === 'share'
        ? `  ${uncountedText(unpriced)}`
        : `  at least this much: ${unpricedText(unpriced)}`,
    );
    const doubt = belowOnlyIf(finding);
    if (doubt !== null) lines.push(`  ${doubt}`);
  }
  if (silenced !== null)
    lines.push(`  silenced until ${localTime(silenced.until, zone)}: ${displayText(silenced.reason)}`);
  return lines;
}

/** The borders of a table without any. */
export const NO_BORDERS = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);
