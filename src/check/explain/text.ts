// Prints an answer for people: the sentence, then tables.

import Table from 'cli-table3';
import { displayText } from '../../model/display-text.ts';
import { localSpan, localTime } from '../../model/display-time.ts';
import { counted, displayCount, displaySigned, displayValue } from '../../model/display-value.ts';
import { groupLabel } from '../../model/group-label.ts';
import { type Fixed, fixedFromNumber } from '../../model/money.ts';
import { quantityOf } from '../../model/quantity.ts';
import { type Rule, windowOf } from '../../model/rule.ts';
import { ruleTypeOf } from '../../rules/index.ts';
import { NO_BORDERS } from '../table.ts';
import type { Answer, GroupAnswer, Outcome } from './answer.ts';
import { sentenceOfAnswer } from './sentence.ts';

/** Everything about the worst group, and a line for each of the others. */
export function explainText(answer: Answer): string {
  const { rule, zone, groups, known } = answer;
  const [first, ...others] = groups;
  const blocks = [sentenceOfAnswer(answer)];
  if (first !== undefined) {
    blocks.push(figures(answer, first));
    if (first.told.length > 0) blocks.push(toldTable(rule, first, zone));
    if (first.periods.length > 0) blocks.push(periodTable(rule, first, zone));
    if (first.split !== null) blocks.push(splitTable(rule, first, zone));
  }
  if (others.length > 0) {
    const more = known - groups.length;
    blocks.push(
      `${titled('other groups', groupTable(rule, others))}${more > 0 ? `\n  and ${displayCount(more)} more` : ''}`,
    );
  }
  if (answer.ledgerTrouble !== null)
    blocks.push(
      `the ledger could not be read, so that it is not known what was told: ${answer.ledgerTrouble}`,
    );
  return blocks.join('\n\n');
}

/** What a decision is called in tables. */
export const OUTCOMES: Readonly<Record<Outcome['kind'], string>> = {
  notify: 'notified now',
  duplicate: 'duplicate: told already',
  silenced: 'silenced',
  pending: 'pending: `for` is not over',
  quiet: 'limit not reached',
  few_calls: 'too few calls',
  resolved: 'over',
  reset: 'calendar window just reset',
  no_data: 'no data',
  not_judged: 'not judged',
  short_history: 'not enough history',
};

function figures({ rule, zone, at, newestRow, calls, kept }: Answer, group: GroupAnswer): string {
  const { value, window, outcome, band, silences } = group;
  const show = shownIn(rule);
  const of = groupLabel(rule.groupBy, group.key);
  const reason = outcome.kind === 'notify' ? `${OUTCOMES.notify}: ${outcome.reason}` : OUTCOMES[outcome.kind];
  const source = kept === null ? 'read from the store' : 'from the sums that the worker keeps';
  const newest = newestRow === null ? 'the store has no rows' : `newest row ${localTime(newestRow, zone)}`;
  const rows: [string, string][] = [
    ['as of', localTime(at, zone)],
    ...(of === '' ? [] : [['group', of] as [string, string]]),
    ['value', value === null ? 'none' : `${show(value.fixed)} of ${counted(group.calls, 'call')}`],
    ['window', `${localSpan(window.from, window.to, zone)} (${windowOf(rule, window).text})`],
    ['limit', ruleTypeOf(rule).limitText(rule)],
  ];
  if (band !== null) rows.push([ruleTypeOf(rule).bandName ?? 'usual', bandText(band, show)]);
  rows.push(['decision', reason]);
  for (const { silence, until } of silences)
    rows.push(['silence', `until ${localTime(until, zone)}: ${displayText(silence.reason)}`]);
  rows.push(['data', `${newest}; ${counted(calls, 'call')} in the window; ${source}`]);
  return tableOf(rows.map(([name, text]) => [`  ${name}`, text]));
}

function bandText(
  { low, mean, high }: NonNullable<GroupAnswer['band']>,
  show: (value: Fixed) => string,
): string {
  const sides = [
    ...(low === null ? [] : [`fires at ${show(fixedFromNumber(low))} or less`]),
    ...(high === null ? [] : [`fires at ${show(fixedFromNumber(high))} or more`]),
  ];
  return [show(fixedFromNumber(mean)), ...sides].join(', ');
}

function toldTable(rule: Rule, { told }: GroupAnswer, zone: string): string {
  const show = shownIn(rule);
  const rows = told.map((one) => [
    `  ${localTime(one.at, zone)}`,
    one.severity,
    show(one.value),
    one.messages.map(({ channel, state }) => `${channel} ${state.replace('_', ' ')}`).join(', '),
    one.closedAt === null ? '' : `over since ${localTime(one.closedAt, zone)}`,
  ]);
  return titled('told', tableOf(rows));
}

function periodTable(rule: Rule, { periods }: GroupAnswer, zone: string): string {
  const show = shownIn(rule);
  const rows = periods.map(({ window, value }) => [
    `  ${localSpan(window.from, window.to, zone)}`,
    value === null ? 'none' : show(value),
  ]);
  return titled('compared with', tableOf(rows));
}

function splitTable(rule: Rule, { split }: GroupAnswer, zone: string): string {
  if (split === null) return '';
  const { window, before, now, change, calls, mix, length, price, isPartlyUnpriced } = split;
  const show = shownIn(rule);
  const signed = (value: Fixed): string => displaySigned(quantityOf(rule), value);
  const priced = isPartlyUnpriced ? ' of what is priced' : '';
  const title = `${signed(change)}${priced} against ${localSpan(window.from, window.to, zone)} (${show(before)} to ${show(now)})`;
  return titled(
    title,
    tableOf([
      ['  calls', signed(calls), 'more or fewer calls'],
      ['  mix', signed(mix), 'other models'],
      ['  length', signed(length), 'more or fewer tokens a call'],
      ['  price', signed(price), 'another cost per token'],
    ]),
  );
}

function groupTable(rule: Rule, groups: readonly GroupAnswer[]): string {
  const show = shownIn(rule);
  return tableOf(
    groups.map(({ key, value, outcome }) => [
      `  ${groupLabel(rule.groupBy, key)}`,
      value === null ? 'none' : show(value.fixed),
      OUTCOMES[outcome.kind],
    ]),
  );
}

function shownIn(rule: Rule): (value: Fixed) => string {
  const quantity = quantityOf(rule);
  return (value) => displayValue(quantity, value);
}

function titled(title: string, table: string): string {
  return `${title}\n${table}`;
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 2 };
  const table = new Table({ chars: NO_BORDERS, style });
  for (const row of rows) table.push([...row]);
  return table.toString().replace(/[ ]+$/gm, '');
}
