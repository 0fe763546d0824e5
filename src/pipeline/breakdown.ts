// Splits a finding into its largest parts and the rest.

import type { BreakdownPart, Others, Unpriced } from '../model/finding.ts';
import { mergedCell } from '../model/merged-cell.ts';
import { describeMetric, drivingMeasure, unpricedMeasure } from '../model/metric.ts';
import { sampleOf } from '../model/metric-value.ts';
import { ONE } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Cell } from '../model/series.ts';

/** A value of a dimension, and what the rule measures of it in the finding's window and group. */
export interface KeyedCell {
  readonly key: string | null;
  readonly cell: Cell;
}

const PARTS = 5;

/** The five largest parts, and the others together; null where there are none. */
export function breakdownOf(
  rule: Rule,
  cells: readonly KeyedCell[],
): { readonly parts: readonly BreakdownPart[]; readonly others: Others | null } {
  const { additive } = describeMetric(rule.metric);
  const measure = drivingMeasure(rule.metric, rule.errors);
  const ranked = cells
    .flatMap(({ key, cell }) => {
      const value = sampleOf(rule.metric, rule.errors, cell);
      if (value === null) return [];
      // Parts of a sum rank by their share; parts of a ratio rank by its numerator.
      const drive = additive ? value.fixed : (cell.sums[measure] ?? cell.sums.calls ?? 0n);
      return [{ part: { key, value, ...lackingIn(rule, cell) }, cell, drive }];
    })
    .sort((a, b) => (a.drive === b.drive ? compareKeys(a.part.key, b.part.key) : a.drive > b.drive ? -1 : 1));
  return {
    parts: ranked.slice(0, PARTS).map(({ part }) => part),
    others: othersOf(rule, ranked.slice(PARTS)),
  };
}

function othersOf(
  rule: Rule,
  rest: readonly { readonly part: BreakdownPart; readonly cell: Cell }[],
): Others | null {
  if (rest.length === 0) return null;
  const { additive } = describeMetric(rule.metric);
  const credits = additive ? rest.filter(({ part }) => part.value.fixed < 0n) : [];
  const whole = togetherOf(rule, rest);
  return {
    keys: rest.length,
    ...whole,
    credits: credits.length === 0 ? null : { keys: credits.length, ...togetherOf(rule, credits) },
  };
}

function togetherOf(rule: Rule, parts: readonly { readonly cell: Cell }[]): Omit<Others, 'keys' | 'credits'> {
  const cell = mergedCell(parts.map((part) => part.cell));
  return { value: sampleOf(rule.metric, rule.errors, cell), calls: callsIn(cell), ...lackingIn(rule, cell) };
}

/** The calls of a finding without a price, from its parts; `byModel` where each part is a model. */
export function unpricedOf(rule: Rule, parts: readonly KeyedCell[], byModel: boolean): Unpriced | null {
  const counts = parts.map(({ cell }) => unpricedIn(rule, cell)).filter((count) => count > 0);
  if (counts.length === 0) return null;
  return { calls: counts.reduce((sum, count) => sum + count, 0), models: byModel ? counts.length : null };
}

function lackingIn(rule: Rule, cell: Cell): { unpriced?: number } {
  const lacking = unpricedIn(rule, cell);
  return lacking > 0 ? { unpriced: lacking } : {};
}

/** How many calls of a cell have no price. */
function unpricedIn(rule: Rule, { sums }: Cell): number {
  const measure = unpricedMeasure(rule.metric, rule.errors);
  return measure === null ? 0 : Number((sums[measure] ?? 0n) / ONE);
}

function callsIn({ sums }: Cell): number {
  return Number((sums.calls ?? 0n) / ONE);
}

function compareKeys(a: string | null, b: string | null): number {
  return (a ?? '') < (b ?? '') ? -1 : 1;
}
