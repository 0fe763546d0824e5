// What drives a finding, as part of a sentence.

import { displayName } from './display-text.ts';
import type { BreakdownPart, Finding } from './finding.ts';
import { kindAndName, kindText } from './group-label.ts';
import { describeMetric } from './metric.ts';
import type { Fixed } from './money.ts';
import { firesBelow, type Rule } from './rule.ts';
import { onlyValue } from './sentence-subject.ts';
import type { Dimension } from './series.ts';

/** The dimensions that say who, in this order; the model says on what. */
const WHO: readonly Dimension[] = ['service', 'user', 'endpoint'];
const LONGEST_NAME = 60;

/**
 * Who makes up at least half of a high value: `svc-indexer on gpt-4.1 makes up 96 %`. Null where nobody does, where values do
 * not add up, and where credits would make a part larger than the whole.
 */
export function driverText(rule: Pick<Rule, 'where'>, finding: Finding): string | null {
  const { metric, breakdown, others, unpriced, quantity } = finding;
  const hasCredits =
    Object.values(breakdown).some((parts) => parts.some((part) => part.value.fixed < 0n)) ||
    Object.values(others).some(({ credits }) => credits !== null);
  const whole = wholeOf(finding);
  const isTold = describeMetric(metric).additive && whole > 0n && !firesBelow(finding.operator);
  if (!isTold || hasCredits) return null;
  const named = (dimension: Dimension): Driver[] => {
    const [part] = breakdown[dimension] ?? [];
    const isMost = part !== undefined && part.value.fixed * 2n >= whole;
    return isMost && onlyValue(rule.where[dimension]) === undefined ? [{ dimension, part }] : [];
  };
  const [who] = WHO.flatMap(named);
  const [model] = named('model');
  const of = unpriced !== null ? PRICED : quantity === 'share' ? OWN_PART : '';
  const percent = (part: bigint): string => percentText(part, whole, of);
  const share = ({ part }: Driver): string => percent(part.value.fixed);
  if (who === undefined || model === undefined) {
    const only = who ?? model;
    return only === undefined ? null : `${driverName(only)} ${makesUp(only)} ${share(only)}`;
  }
  // What both have in common lies between these. Only where they read the same is it known.
  const [a, b] = [who.part.value.fixed, model.part.value.fixed];
  const [smaller = a] = a > b ? [b] : [a];
  const [least, most] = [percent(a + b - whole), percent(smaller)];
  if (least === most && who.part.key !== null && model.part.key !== null)
    return `${name(who)} on ${name(model)} makes up ${most}`;
  const [whose, models] = [who, model].map(({ part }) => percentText(part.value.fixed, whole, ''));
  return `${driverName(who)} ${makesUp(who)} ${whose} and ${driverName(model)} ${models}${of}`;
}

/** What a part is of, where that is not plain. */
const PRICED = ' of what is priced';
const OWN_PART = ' of its part';

/** What the parts of a breakdown add up to: the value, or of a share what the group has of the total. */
function wholeOf({ value, breakdown, others, quantity }: Finding): Fixed {
  if (quantity !== 'share') return value.fixed;
  const [[dimension, parts] = ['', []]] = Object.entries(breakdown);
  const rest = others[dimension]?.value?.fixed ?? 0n;
  return parts.reduce((sum, part) => sum + part.value.fixed, rest);
}

interface Driver {
  readonly dimension: Dimension;
  readonly part: BreakdownPart;
}

function name({ part }: Driver): string {
  return displayName(part.key ?? '', LONGEST_NAME);
}

function driverName({ dimension, part }: Driver): string {
  return part.key === null ? `calls with no ${kindText(dimension)}` : kindAndName(dimension, part.key);
}

function makesUp({ part }: Driver): string {
  return part.key === null ? 'make up' : 'makes up';
}

/** As prose writes it: `96 %`, `all of it`. Only all is all, and only of what has a price. */
function percentText(part: bigint, whole: bigint, of: string): string {
  if (part === whole) return of === PRICED ? 'all that is priced' : `all${of === '' ? ' of it' : of}`;
  const tenths = Number((part * 1000n) / whole);
  const percent = tenths > 990 ? 'over 99 %' : `${Math.round(tenths / 10)} %`;
  return `${percent}${of}`;
}
