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

/** More than a name has, and far less than an index takes. */
const LONGEST_VALUE = 200;

/** A subject as the state store compares it. A value that is too long for an index is cut, and told apart by its hash. */
export function subjectKey({ dimension, value }: Subject): string {
  const isLong = value !== null && value.length > LONGEST_VALUE;
  return JSON.stringify([dimension, isLong ? `${value.slice(0, LONGEST_VALUE)}… ${hashOf(value)}` : value]);
}

export function subjectOfKey(key: string): Subject {
  const [dimension, value] = JSON.parse(key) as [Dimension | null, string | null];
  return { dimension, value };
}

/** A subject for people: `service search`, `rule daily-budget`. */
export function subjectName({ dimension, value }: Subject): string {
  return kindAndName(dimension ?? 'rule', value);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
