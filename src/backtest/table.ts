// Prints `backtest --format table`.

import { styleText } from 'node:util';
import Table from 'cli-table3';
import { NO_BORDERS, SEVERITY_STYLE } from '../check/table.ts';
import { displayText } from '../model/display-text.ts';
import { durationText, localTime } from '../model/display-time.ts';
import { counted, displayCount, displayValue } from '../model/display-value.ts';
import { groupLabel } from '../model/group-label.ts';
import type { Fixed } from '../model/money.ts';
import { quantityOf } from '../model/quantity.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { Difference, Moved } from './difference.ts';
import type { BacktestedRule, BacktestResult } from './result.ts';
import type { SentAlert } from './sent-alert.ts';
import { againstText, differenceText, reasonText, sentTogether, suggestionText } from './sentence.ts';

/** Messages shown; the rest are counted. */
const SHOWN = 50;
const SHOWN_DIFFERENCES = 20;

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** The output of `backtest` for people. */
export function backtestTable(result: BacktestResult, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const blocks = [
    headline(result, paint),
    alertList(result.alerts, result, SHOWN, paint),
    overview(result, paint),
  ];
  const weeks = result.rules.flatMap((one) => weekLine(one, paint) ?? []);
  if (weeks.length > 0) blocks.push([paint('bold', 'Alerts by ISO week'), ...weeks].join('\n'));
  const values = valueTable(result, paint);
  if (values !== null) blocks.push(values);
  const suggested = suggestions(result, paint);
  if (suggested !== null) blocks.push(suggested);
  if (result.diff !== null) blocks.push(difference(result.diff, result, paint));
  for (const { rule, error } of result.rules) {
    if (error !== null)
      blocks.push(`${paint('magenta', displayText(rule.name))} could not be judged: ${error}`);
  }
  return blocks.filter((block) => block !== '').join('\n\n');
}

function headline({ from, to, step, zone, instants, alerts }: BacktestResult, paint: Paint): string {
  const every = step === 'schedule' ? 'on the schedule of the file' : `every ${step}`;
  const found = alerts.length === 0 ? 'no alerts' : counted(alerts.length, 'alert');
  return `${paint('bold', found)} from ${localTime(from, zone)} to ${localTime(to, zone)}, ${every} (${counted(instants, 'instant')})`;
}

function alertList(
  alerts: readonly SentAlert[],
  { zone }: BacktestResult,
  shown: number,
  paint: Paint,
): string {
  const sent = sentTogether(alerts);
  if (sent.length === 0) return '';
  const table = aligned(['time', 'severity', 'rule', 'group', 'what', 'why'], [], paint);
  for (const { rule, at, worst, more } of sent.slice(0, shown)) {
    const { severity, group } = worst.notification;
    table.push([
      localTime(at, zone),
      paint(SEVERITY_STYLE[severity], severity),
      displayText(rule.name, 40),
      `${groupLabel(rule.groupBy, group)}${more > 0 ? ` (+${displayCount(more)} more)` : ''}`,
      againstText(worst),
      reasonText(worst),
    ]);
  }
  const hidden = sent.length - shown;
  const rest = hidden > 0 ? `\nand ${displayCount(hidden)} later ones; --format json has all` : '';
  return `${text(table)}${rest}`;
}

function overview({ rules }: BacktestResult, paint: Paint): string {
  const table = aligned(
    ['rule', 'alerts', 'messages', 'silenced', 'limit', 'window'],
    ['left', 'right', 'right', 'right', 'left', 'left'],
    paint,
  );
  for (const { rule, alerts, messages, silenced } of rules) {
    table.push([
      displayText(rule.name, 40),
      displayCount(alerts.length),
      displayCount(messages),
      displayCount(silenced),
      ruleTypeOf(rule).limitText(rule),
      rule.window.text,
    ]);
  }
  return text(table);
}

function weekLine({ rule, byWeek }: BacktestedRule, paint: Paint): string | null {
  const weeks = [...byWeek].filter(([, count]) => count > 0);
  if (weeks.length === 0) return null;
  const counts = weeks.map(([week, count]) => `${paint('dim', week)} ${displayCount(count)}`).join(', ');
  return `${displayText(rule.name, 40)}: ${counts}`;
}

/** The figures by which people choose a limit. */
function valueTable({ rules }: BacktestResult, paint: Paint): string | null {
  const table = aligned(
    ['rule', 'lowest', 'p50', 'p95', 'highest', 'instants over the limit'],
    ['left', 'right', 'right', 'right', 'right', 'left'],
    paint,
  );
  for (const { rule, values } of rules) {
    if (values === null) continue;
    const shown = (value: Fixed): string => displayValue(quantityOf(rule), value);
    const over = values.over.map(({ bound, share }) => `${percent(share)} at ${shown(bound)}`);
    const { min, p50, p95, max } = values;
    table.push([displayText(rule.name, 40), shown(min), shown(p50), shown(p95), shown(max), over.join(', ')]);
  }
  if (table.length === 0) return null;
  return `${paint('bold', 'Values of all groups at all instants')}\n${text(table)}`;
}

function suggestions(result: BacktestResult, paint: Paint): string | null {
  if (result.perWeek === null) return null;
  const lines = result.rules.map((one) => {
    const name = displayText(one.rule.name, 40);
    if (ruleTypeOf(one.rule).fixedLimits === undefined)
      return `${name}: no limit to suggest, rules of type ${one.rule.type} have no fixed one`;
    if (one.suggested === null) return `${name}: no limit to suggest, ${whyNone(one)}`;
    return `${name}: ${suggestionText(one, one.suggested, result)}`;
  });
  const { perWeek } = result;
  const title = `Limits for about ${counted(perWeek, 'alert')} a week`;
  return [paint('bold', title), ...lines].join('\n');
}

function whyNone({ values }: BacktestedRule): string {
  return values === null
    ? 'there were no values'
    : 'every limit that was reached was reached by every group at all times';
}

function difference(diff: Difference, result: BacktestResult, paint: Paint): string {
  const { added, dropped, earlier, later, failed } = diff;
  const title = `With ${displayText(diff.file)}: ${differenceText(diff)}`;
  const list = (name: string, alerts: readonly SentAlert[]): string[] =>
    alerts.length === 0
      ? []
      : [`${paint('bold', name)}\n${alertList(alerts, result, SHOWN_DIFFERENCES, paint)}`];
  const faults = failed.map(({ rule, error }) => `${displayText(rule)} could not be judged: ${error}`);
  const blocks = [
    ...list('added', added),
    ...list('dropped', dropped),
    ...movedList('earlier', earlier, result, paint),
    ...movedList('later', later, result, paint),
  ];
  return [paint('bold', title), ...blocks, ...faults].join('\n\n');
}

function movedList(name: string, moved: readonly Moved[], { zone }: BacktestResult, paint: Paint): string[] {
  if (moved.length === 0) return [];
  const table = aligned(['time', 'instead of', 'by', 'severity', 'rule', 'group'], [], paint);
  for (const { own, other } of moved.slice(0, SHOWN_DIFFERENCES)) {
    const { severity, group, at } = other.notification;
    table.push([
      localTime(at, zone),
      localTime(own.notification.at, zone),
      durationText(Math.abs(at - own.notification.at)),
      paint(SEVERITY_STYLE[severity], severity),
      displayText(other.rule.name, 40),
      groupLabel(other.rule.groupBy, group),
    ]);
  }
  const hidden = moved.length - SHOWN_DIFFERENCES;
  const rest = hidden > 0 ? `\nand ${displayCount(hidden)} more; --format json has all` : '';
  return [`${paint('bold', name)}\n${text(table)}${rest}`];
}

function aligned(head: readonly string[], aligns: readonly ('left' | 'right')[], paint: Paint): Table.Table {
  return new Table({
    head: head.map((word) => paint('dim', word)),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    colAligns: [...aligns],
  });
}

function text(table: Table.Table): string {
  return table.toString().replace(/[ ]+$/gm, '');
}

/** Two significant digits: a limit reached once in a thousand instants must not look as if it was never reached. */
function percent(share: number): string {
  if (share === 0) return 'none';
  return `${Number((share * 100).toPrecision(2))}%`;
}
