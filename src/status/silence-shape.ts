// A silence for people, and as JSON.

import { displayText } from '../model/display-text.ts';
import { kindAndName } from '../model/group-label.ts';
import type { Once, Silence } from '../model/rule.ts';
import { isoInstant } from '../model/window.ts';
import { overAt, type StoredSilence } from '../state/silences.ts';

/** What a silence matches: `hourly-burn: service search`, `incident inc_1`. */
export function matchText({ rule, incident, match }: Pick<Silence, 'rule' | 'incident' | 'match'>): string {
  const parts = [
    ...(incident === null ? [] : [`incident ${displayText(incident)}`]),
    ...Object.entries(match).map(([dimension, value]) => kindAndName(dimension, value)),
  ];
  if (rule === null) return parts.join(', ');
  return parts.length === 0 ? `rule ${displayText(rule)}` : `${displayText(rule)}: ${parts.join(', ')}`;
}

/** A silence that was added by command. `ended_at` is null unless somebody ended it. */
export function silenceJson(silence: StoredSilence, now: number) {
  const { id, times, reason, createdAt, createdBy, endedAt } = silence;
  return {
    id,
    state: stateOf({ from: times.from, until: overAt(silence) }, now),
    match: matchJson(silence),
    from: isoInstant(times.from),
    until: isoInstant(times.until),
    reason,
    created_at: isoInstant(createdAt),
    created_by: createdBy,
    ended_at: endedAt === null ? null : isoInstant(endedAt),
  };
}

/** What must fit, by name, as in alerts.yaml. */
export function matchJson({ rule, incident, match }: Pick<Silence, 'rule' | 'incident' | 'match'>) {
  return { ...(rule !== null && { rule }), ...(incident !== null && { incident }), ...match };
}

export function stateOf({ from, until }: Once, now: number): 'active' | 'planned' | 'over' {
  if (now >= until) return 'over';
  return now < from ? 'planned' : 'active';
}
