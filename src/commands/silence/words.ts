// A stored silence for people.

import { displayText } from '../../model/display-text.ts';
import { kindAndName } from '../../model/group-label.ts';
import { overAt, type StoredSilence } from '../../state/silences.ts';
import type { Match } from './match.ts';

/** What a silence matches: `hourly-burn: service search`, `incident inc_1`. */
export function matchText({ rule, incident, match }: Match): string {
  const parts = [
    ...(incident === null ? [] : [`incident ${displayText(incident)}`]),
    ...Object.entries(match).map(([dimension, value]) => kindAndName(dimension, value)),
  ];
  if (rule === null) return parts.join(', ');
  return parts.length === 0 ? `rule ${displayText(rule)}` : `${displayText(rule)}: ${parts.join(', ')}`;
}

export type SilenceState = 'active' | 'planned' | 'over';

export function stateOf(silence: StoredSilence, now: number): SilenceState {
  if (now >= overAt(silence)) return 'over';
  return now < silence.times.from ? 'planned' : 'active';
}
