// Compares alerts with those of another rule file: added, dropped, earlier or later.

import { localDay } from '../model/local-time.ts';
import type { SentAlert } from './sent-alert.ts';

/** An alert that both files send, at different instants. */
export interface Moved {
  readonly own: SentAlert;
  readonly other: SentAlert;
}

/** How the alerts of another rule file differ. */
export interface Difference {
  /** The other file, as named on the command line. */
  readonly file: string;
  readonly added: readonly SentAlert[];
  readonly dropped: readonly SentAlert[];
  /** Ordered by the instant at which the other file sends them. */
  readonly earlier: readonly Moved[];
  readonly later: readonly Moved[];
  /** Alerts that both files send at the same instant. */
  readonly same: number;
  /** Rules of the other file that could not be judged, with the reason. */
  readonly failed: readonly { readonly rule: string; readonly error: string }[];
}

const HALF_A_DAY = 43_200_000;

/**
 * Compares two lists of alerts by rule name, group and severity. Alerts at one instant are the same. Of the others, two on
 * one day (in `zone`), or less than half a day apart, count as one alert that came earlier or later.
 */
export function differenceOf(
  own: readonly SentAlert[],
  others: readonly SentAlert[],
  zone: string,
): Pick<Difference, 'added' | 'dropped' | 'earlier' | 'later' | 'same'> {
  const exact = paired(own, others, ({ notification }) => notification.at);
  const ofDay = paired(exact.own, exact.others, ({ notification }) => localDay(notification.at - 1, zone));
  // Two alerts a minute apart around midnight are on different days.
  const near = paired(ofDay.own, ofDay.others, () => 0, HALF_A_DAY);
  const moved = [...ofDay.pairs, ...near.pairs].sort(
    (a, b) => a.other.notification.at - b.other.notification.at,
  );
  return {
    added: near.others,
    dropped: near.own,
    earlier: moved.filter((pair) => pair.other.notification.at < pair.own.notification.at),
    later: moved.filter((pair) => pair.other.notification.at > pair.own.notification.at),
    same: exact.pairs.length,
  };
}

/** Pairs alerts with the same name and time, in the order of the lists, and returns the rest of each list. */
function paired(
  own: readonly SentAlert[],
  others: readonly SentAlert[],
  time: (alert: SentAlert) => number,
  withinMs = Number.POSITIVE_INFINITY,
): { own: readonly SentAlert[]; others: readonly SentAlert[]; pairs: readonly Moved[] } {
  const waiting = new Map<string, SentAlert[]>();
  for (const one of own) {
    const name = nameOf(one, time(one));
    const list = waiting.get(name);
    if (list === undefined) waiting.set(name, [one]);
    else list.push(one);
  }
  const pairs: Moved[] = [];
  const left: SentAlert[] = [];
  const taken = new Set<SentAlert>();
  for (const other of others) {
    const list = waiting.get(nameOf(other, time(other))) ?? [];
    const place = list.findIndex(
      ({ notification }) => Math.abs(notification.at - other.notification.at) < withinMs,
    );
    const [one] = place < 0 ? [] : list.splice(place, 1);
    if (one === undefined) left.push(other);
    else {
      taken.add(one);
      pairs.push({ own: one, other });
    }
  }
  return { own: own.filter((one) => !taken.has(one)), others: left, pairs };
}

function nameOf({ rule, notification }: SentAlert, time: number): string {
  return JSON.stringify([
    rule.name,
    rule.groupBy,
    notification.group,
    notification.firing.variant,
    notification.severity,
    time,
  ]);
}
