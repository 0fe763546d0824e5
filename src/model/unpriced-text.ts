// Describes calls without a price, and values that are lower bounds.

import { displayName } from './display-text.ts';
import { counted, displayCount } from './display-value.ts';
import { type Finding, NONE, type Unpriced } from './finding.ts';
import { firesBelow } from './rule.ts';

/** Calls without a price that went to one model; null is a call without a model. */
export interface UnpricedModel {
  readonly model: string | null;
  readonly calls: number;
}

/** All calls without a price in some window, by model, most calls first. No models for a store that does not record them. */
export interface UnpricedCalls {
  readonly calls: number;
  readonly models: readonly UnpricedModel[];
  /** Those whose cost is recorded, but is no number; null where there are none. */
  readonly unreadable: UnreadableCosts | null;
}

/** How many calls have a cost that is no number, and where the cost is mapped. */
export interface UnreadableCosts {
  readonly calls: number;
  readonly place: string;
}

/** Orders models by their calls, most first, then by name. */
export function mostCallsFirst(a: CallsOfModel, b: CallsOfModel): number {
  return b.calls - a.calls || ((a.model ?? '') < (b.model ?? '') ? -1 : 1);
}

/** `model` is undefined for a store that records none. */
interface CallsOfModel {
  readonly model: string | null | undefined;
  readonly calls: number;
}

const NAMED = 5;
const LONGEST_NAME = 60;

/** `1,204 calls to 2 models have no price` */
export function unpricedText({ calls, models }: Unpriced): string {
  const to = models === null ? '' : ` to ${counted(models, 'model')}`;
  return `${counted(calls, 'call')}${to} ${calls === 1 ? 'has' : 'have'} no price`;
}

/** The same where such calls are in a share and in its total. */
export function uncountedText(unpriced: Unpriced): string {
  return `${unpricedText(unpriced)}, and count as nothing`;
}

/** `about: 40 % of this is by the price list`; null where all of it was recorded. */
export function estimatedText({ estimatedShare = 0 }: Pick<Finding, 'estimatedShare'>): string | null {
  if (estimatedShare === 0) return null;
  const percent = Math.round(estimatedShare * 100);
  const share = percent === 0 ? 'less than 1 %' : percent === 100 ? 'all' : `${percent} %`;
  return `about: ${share} of this is by the price list, not recorded`;
}

/** A value that lacks some calls is shown as a lower bound. */
export function atLeast(value: string, unpriced: number | Unpriced | null | undefined): string {
  return unpriced === null || unpriced === undefined ? value : `at least ${value}`;
}

/** A rule's value in words: a lower bound where calls lack a price. A share is none, because its total lacks calls too. */
export function leastOf(
  { quantity, unpriced }: Pick<Finding, 'quantity'> & { readonly unpriced: number | Unpriced | null },
  value: string,
): string {
  return quantity === 'share' ? value : atLeast(value, unpriced);
}

/** The caveat on a low value that lacks some calls; null when it lacks none, or fires because it is high. */
export function belowOnlyIf({ operator, unpriced }: Pick<Finding, 'operator' | 'unpriced'>): string | null {
  if (unpriced === null || !firesBelow(operator)) return null;
  const calls = counted(unpriced.calls, 'call');
  return `low only if ${calls} without a price cost${unpriced.calls === 1 ? 's' : ''} next to nothing`;
}

/** `3,000 calls to 1 model have no price: gpt-9 (3,000 calls)` */
export function unpricedCallsText({ calls, models }: Omit<UnpricedCalls, 'unreadable'>): string {
  const counts = unpricedText({ calls, models: models.length === 0 ? null : models.length });
  if (models.length === 0) return counts;
  const named = models
    .slice(0, NAMED)
    .map(({ model, calls: own }) => `${modelText(model)} (${counted(own, 'call')})`);
  const more = models.length - named.length;
  return `${counts}: ${named.join(', ')}${more > 0 ? `, and ${displayCount(more)} more` : ''}`;
}

/** What to do about a cost that is no number. */
export const COLUMN_CURE =
  'map a column of numbers, or an expression that gives a number, or NULL, which counts as unknown';

/** What to do about calls without a price. No price list helps where a cost is recorded. */
export function priceCure({ calls, unreadable }: Pick<UnpricedCalls, 'calls' | 'unreadable'>): string {
  const prices = 'a price in prices.yaml (audit.prices), 0 where it is free';
  if (unreadable === null) return `give each ${prices}`;
  const column = (which: string): string => `${unreadable.place} is no number in ${which}: ${COLUMN_CURE}`;
  if (unreadable.calls >= calls) return column('any of them');
  return `${column(`${displayCount(unreadable.calls)} of them`)}; give each of the others ${prices}`;
}

export function modelText(model: string | null): string {
  return model === null ? NONE : displayName(model, LONGEST_NAME);
}
