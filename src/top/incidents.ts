// The open incidents: since when, and whose spend they are.

import { smallestOf } from '../model/extremes.ts';
import type { Subject } from '../model/incident.ts';
import type { Rule, Severity } from '../model/rule.ts';
import type { Dimension, Where } from '../model/series.ts';
import type { Status } from '../status/status.ts';

export interface OpenIncident {
  readonly id: string;
  readonly subject: Subject;
  readonly severity: Severity;
  /** When the first of its alerts left its usual level, or was noticed, ms. */
  readonly began: number;
  /** From when on its spend counts, ms. */
  readonly spentFrom: number;
  readonly alerts: number;
  readonly rules: readonly string[];
}

/** Where it is not known when an incident began, what made it fire was spent before it was noticed. */
const BEFORE_MS = 3_600_000;

/** In the order of `status`, the worst first. */
export function openIncidents({ incidents, alerts }: Pick<Status, 'incidents' | 'alerts'>): OpenIncident[] {
  return incidents.map(({ id, subject, severity, openedAt, alerts: count, rules }) => {
    const own = alerts.filter(({ incident }) => incident === id);
    const noticed = own.reduce((first, { since }) => Math.min(first, since), openedAt);
    const onsets = own.flatMap(({ onset }) => onset ?? []);
    const began = Math.min(noticed, smallestOf(onsets));
    const spentFrom = onsets.length === 0 ? noticed - BEFORE_MS : began;
    return { id, subject, severity, began, spentFrom, alerts: count, rules };
  });
}

/** What the calls of an incident's subject are; null where that cannot be said. */
export function spentWhere(
  { subject: { dimension, value } }: Pick<OpenIncident, 'subject'>,
  rules: readonly Rule[],
  dimensions: ReadonlySet<Dimension>,
): Where | null {
  if (dimension === null) return rules.find(({ name }) => name === value)?.where ?? null;
  // A long value is kept cut, and names no call.
  const isCut = value !== null && CUT.test(value);
  return isCut || !dimensions.has(dimension) ? null : { [dimension]: { in: [value] } };
}

/** As `subjectKey` cuts. */
const CUT = /… [0-9a-f]{12}$/;
