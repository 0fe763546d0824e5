import { localDay } from '../model/local-time.ts';
import type { SentAlert } from './result.ts';

/** What another rule file would have told otherwise. */
export interface Difference {
  /** The other file, as it was named. */
  readonly file: string;
  readonly added: readonly SentAlert[];
  readonly dropped: readonly SentAlert[];
  /** How many both would have sent. */
  readonly same: number;
  /** Rules of the other file that could not be judged, with the reason. */
  readonly failed: readonly { readonly rule: string; readonly error: string }[];
}

/**
 * Compares two lists of alerts by rule name, group, severity and day (in `zone`), so that an alert that comes some
 * minutes sooner or later is the same one.
 */
export function differenceOf(
  own: readonly SentAlert[],
  others: readonly SentAlert[],
  zone: string,
): Pick<Difference, 'added' | 'dropped' | 'same'> {
  const added = without(others, own, zone);
  return { added, dropped: without(own, others, zone), same: others.length - added.length };
}

/** Those of a list that have no counterpart in the other; a day may have several of one name. */
function without(
  alerts: readonly SentAlert[],
  others: readonly SentAlert[],
  zone: string,
): readonly SentAlert[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(nameOf(other, zone), (left.get(nameOf(other, zone)) ?? 0) + 1);
  return alerts.filter((alert) => {
    const name = nameOf(alert, zone);
    const count = left.get(name) ?? 0;
    left.set(name, count - 1);
    return count <= 0;
  });
}

function nameOf({ rule, news }: SentAlert, zone: string): string {
  return JSON.stringify([rule.name, rule.groupBy, news.group, news.severity, localDay(news.at - 1, zone)]);
}
