// A group for people.

import { displayName, displayText } from './display-text.ts';
import { NONE } from './finding.ts';
import type { Dimension, GroupKey } from './series.ts';

/** A group for people: `search`, `search / gpt-4.1`, `(none)`; empty for a rule without groups. */
export function groupLabel(groupBy: readonly Dimension[], key: GroupKey): string {
  return namesLabel(groupBy.map((_, i) => key[i] ?? NONE));
}

/** The values of a group for people. */
export function namesLabel(values: readonly string[]): string {
  return values.map((value) => displayName(value)).join(' / ');
}

/** A group with the kind of each name: `service search`, `service search / model gpt-4.1`; empty for a rule without groups. */
export function groupWithKinds(groupBy: readonly Dimension[], key: GroupKey): string {
  return groupBy.map((dimension, i) => kindAndName(dimension, key[i] ?? null)).join(' / ');
}

/** A dimension and its value: `service search`, `cost center 42`, `user (none)`. */
export function kindAndName(dimension: Dimension, value: string | null): string {
  return `${kindText(dimension)} ${displayName(value ?? NONE, LONGEST_NAME)}`;
}

/** A dimension as a noun: `service`, `cost center`. */
export function kindText(dimension: Dimension): string {
  return displayText(dimension.replaceAll('_', ' '));
}

const LONGEST_NAME = 80;
