// A group for people.

import { displayText } from './display-text.ts';
import { NONE } from './finding.ts';
import type { Dimension, GroupKey } from './series.ts';

/** A group for people: `search`, `search / gpt-4.1`, `(none)`; empty for a rule without groups. */
export function groupLabel(groupBy: readonly Dimension[], key: GroupKey): string {
  return groupBy.map((_, i) => displayText(key[i] ?? NONE)).join(' / ');
}
