// Prints `prices check`.

import Table from 'cli-table3';
import { NO_BORDERS } from '../check/table.ts';
import { displayText } from '../model/display-text.ts';
import { counted, displayCount } from '../model/display-value.ts';
import { formatFixed, formatMoney } from '../model/money.ts';
import { modelText } from '../model/unpriced-text.ts';
import { isoInstant, type Window } from '../model/window.ts';
import { gapPercent, type OddModel, type PriceCheck } from './price-check.ts';

/** The result for programs: money in the currency of costs, to its millionth. */
export function priceCheckJson({ models, odd }: PriceCheck, window: Window, currency: string): string {
  const amount = (value: bigint | null): number | null =>
    value === null ? null : Number(formatFixed(value, 6));
  const found = odd.map((one) => ({
    model: one.model,
    problem: one.problem,
    listed_as: one.listedAs,
    calls: one.calls,
    unpriced_calls: one.unpricedCalls,
    recorded: amount(one.recorded),
    by_list: amount(one.listed),
    difference_pct: gapPercent(one),
  }));
  const { from, to } = window;
  return JSON.stringify(
    { from: isoInstant(from), to: isoInstant(to), unit: currency, models, found },
    null,
    2,
  );
}

/** The result for people: a line for each model, and what to do. */
export function priceCheckTable({ models, odd }: PriceCheck, currency: string): string {
  if (models === 0) return 'no call of the last 30 days';
  if (odd.length === 0)
    return `${countedModels(models)} of the last 30 days ${models === 1 ? 'has a price, and costs' : 'have prices, and cost'} what the list says`;
  const table = new Table({
    head: ['model', 'price', 'calls', 'recorded', 'by the list', 'difference'],
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
  });
  for (const one of odd) {
    const amount = (value: bigint | null): string => (value === null ? '' : formatMoney(value, currency));
    table.push([
      modelText(one.model),
      priceText(one),
      displayCount(one.calls),
      amount(one.recorded),
      amount(one.listed),
      gapText(one),
    ]);
  }
  const missing = odd.filter(({ problem }) => problem === 'no_price').length;
  const parts = [
    ...(missing === 0 ? [] : [`${displayCount(missing)} without a price`]),
    ...(odd.length === missing ? [] : [`${displayCount(odd.length - missing)} with another than recorded`]),
  ];
  const end = `${countedModels(models)} of the last 30 days: ${parts.join(', ')}`;
  return [table.toString().replace(/[ ]+$/gm, ''), '', end].join('\n');
}

function countedModels(models: number): string {
  return counted(models, 'model');
}

function priceText({ problem, listedAs, model, unpricedCalls }: OddModel): string {
  const as = listedAs === null || listedAs === model ? '' : `as ${displayText(listedAs, 40)}`;
  if (problem === 'differs') return as === '' ? 'differs' : `differs (${as})`;
  if (listedAs === null) return unpricedCalls === 0 ? 'none, recorded only' : 'none';
  const lacking = `none for ${counted(unpricedCalls, 'call')}`;
  return as === '' ? lacking : `${lacking} (${as})`;
}

function gapText(one: OddModel): string {
  if (one.recorded === null || one.listed === null) return '';
  const percent = gapPercent(one);
  if (percent === null) return 'free by the list';
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`;
}
