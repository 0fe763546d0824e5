// Why the spend of a value changed, in words.

import { displayName } from './display-text.ts';
import { displaySigned, displayValue } from './display-value.ts';
import { NONE } from './finding.ts';
import { kindAndName } from './group-label.ts';
import type { Fact, MessageSection } from './message.ts';
import { inCurrency } from './metric.ts';
import { divideRounded } from './money.ts';
import type { Mover, Report } from './report.ts';
import { coinFor, periodBefore } from './report-words.ts';
import type { SpendSplit } from './spend-split.ts';
import { splitParts } from './split-facts.ts';

const LONGEST_NAME = 40;

/** What moved most and why: `What changed most is service search: +$98.20, mostly from more calls.`; null where nothing did. */
export function moverSentence({ movers, currency }: Report): string | null {
  const [first] = movers;
  if (first === undefined || first.split.change === 0n) return null;
  const { dimension, key, split } = first;
  const change = displaySigned(inCurrency('spend', currency), split.change);
  return `What changed most is ${kindAndName(dimension, key)}: ${change}, ${reasonText(split)}.`;
}

/** `mostly from more calls`, `from longer calls and a higher cost per token`, `which is new`. */
function reasonText(split: SpendSplit): string {
  const { before, now, change } = split;
  if (before === 0n) return 'which is new';
  if (now === 0n) return 'which spent nothing any more';
  const isMore = change > 0n;
  const [largest, next] = splitParts(split, 1n, change).filter(({ amount }) => amount > 0n === isMore);
  if (largest === undefined) return 'for more than one reason';
  if (next === undefined) return `all from ${largest.reason}`;
  const isMost = isMore ? largest.amount * 10n >= change * 6n : largest.amount * 10n <= change * 6n;
  return isMost ? `mostly from ${largest.reason}` : `from ${largest.reason} and ${next.reason}`;
}

/** What changed most, one line a value: its change is the sum of its parts as shown. */
export function moversSection({ movers, currency, ...report }: Report): MessageSection | null {
  if (movers.length === 0) return null;
  return {
    headline: `What changed most since ${periodBefore(report)}`,
    facts: movers.map(({ key, split }): Fact => [nameOf(key), splitText(split, currency)]),
    tables: [],
  };
}

/** `+$98.20: +$80.00 from more calls, +$18.20 from longer calls`; what is new or gone has no parts. */
function splitText(split: SpendSplit, currency: string): string {
  const { before, now, change, calls, mix, length, price } = split;
  const metric = inCurrency('spend', currency);
  const { coin, extra } = coinFor([before, now, calls, mix, length, price], currency);
  // That of the values as they are shown.
  const coins = divideRounded(now, coin) - divideRounded(before, coin);
  const sum = displaySigned(metric, coins * coin, extra);
  if (before === 0n) return `${sum}: new`;
  if (now === 0n) return `${sum}: gone, it was ${displayValue(metric, before, extra)}`;
  const parts = splitParts(split, coin, coins);
  const [only, ...more] = parts;
  if (only !== undefined && more.length === 0) return `${sum}, all from ${only.reason}`;
  const shown = parts.map(({ amount, reason }) => `${displaySigned(metric, amount, extra)} from ${reason}`);
  return shown.length === 0 ? displaySigned(metric, change) : `${sum}: ${shown.join(', ')}`;
}

function nameOf(key: Mover['key']): string {
  return key === null ? NONE : displayName(key, LONGEST_NAME);
}
