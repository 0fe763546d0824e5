// What an incident is about, and its id.

import { createHash } from 'node:crypto';
import { kindAndName } from './group-label.ts';
import type { Dimension } from './series.ts';

/** A value of a dimension; with a dimension of null, a rule by its name. Alerts with the same subject are one incident. */
export interface Subject {
  readonly dimension: Dimension | null;
  /** Null is NULL in the store. */
  readonly value: string | null;
}

/** A subject as the state store compares it. */
export function subjectKey({ dimension, value }: Subject): string {
  return JSON.stringify([dimension, value]);
}

export function subjectOfKey(key: string): Subject {
  const [dimension, value] = JSON.parse(key) as [Dimension | null, string | null];
  return { dimension, value };
}

/** A subject for people: `service search`, `rule daily-budget`. */
export function subjectName({ dimension, value }: Subject): string {
  return kindAndName(dimension ?? 'rule', value);
}

/**
 * The id of an incident that begins at `at`, ms: short, because people type it. It follows from its content, so a poll that is
 * repeated because nobody knows whether it was recorded makes the same one.
 */
export function incidentId(subject: Subject, at: number): string {
  const hash = createHash('sha256').update(JSON.stringify([subjectKey(subject), at]));
  return `inc_${hash.digest('hex').slice(0, 10)}`;
}
