// Finds what each new alert is about: the subject of its incident.

import type { Subject } from '../model/incident.ts';
import { drivingMeasure, measuresOf } from '../model/metric.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension, Query, Series } from '../model/series.ts';
import { distinctWindows } from '../model/window.ts';
import { ask } from './ask.ts';
import type { AlertNotification } from './decide.ts';
import type { DecidingParts } from './parts.ts';
import { findingKey, narrowedWhere } from './questions.ts';

/** What is notified of one rule. */
export interface Notifying {
  readonly rule: Rule;
  readonly notifications: readonly AlertNotification[];
}

/** Above this many groups, a rule's alerts are about the rule. */
const MOST_GROUPS = 5_000;

/**
 * The subject of each notification: its group's own value of the dimension, else the value that makes at least half of it, else
 * the rule itself. That value is found with one grouped read for each rule, within the time that explaining an alert may take.
 * Never rejects.
 */
export async function subjectsOf(
  parts: DecidingParts,
  all: readonly Notifying[],
  at: number,
): Promise<Map<AlertNotification, Subject>> {
  const { by } = parts.incidents;
  const subjects = new Map<AlertNotification, Subject>();
  const asked: { readonly of: Notifying; readonly query: Query }[] = [];
  for (const { rule, notifications } of all) {
    const place = by === null ? -1 : rule.groupBy.indexOf(by);
    for (const notification of notifications) {
      const own = place < 0 ? undefined : { dimension: by, value: notification.group[place] ?? null };
      subjects.set(notification, own ?? { dimension: null, value: rule.name });
    }
    if (by === null || place >= 0 || notifications.length === 0 || notifications.length > MOST_GROUPS)
      continue;
    asked.push({ of: { rule, notifications }, query: queryOf(rule, notifications, by) });
  }
  const answers = await ask(
    parts.explaining,
    asked.map(({ query }) => query),
    at,
  );
  asked.forEach(({ of, query }, i) => {
    const answer = answers[i];
    if (by === null || answer === undefined || answer instanceof Error) return;
    const shares = sharesIn(of.rule, query, answer);
    for (const notification of of.notifications) {
      const share = shares.get(findingKey(notification.firing.window, notification.group));
      if (share === undefined || share.whole <= 0n || share.largest * 2n < share.whole) continue;
      subjects.set(notification, { dimension: by, value: share.value });
    }
  });
  return subjects;
}

function queryOf(rule: Rule, notifications: readonly AlertNotification[], by: Dimension): Query {
  return {
    measures: [
      ...new Set([...measuresOf(rule.metric, rule.errors), drivingMeasure(rule.metric, rule.errors)]),
    ],
    where: narrowedWhere(
      rule,
      notifications.map(({ group }) => group),
    ),
    groupBy: [...rule.groupBy, by],
    windows: distinctWindows(notifications.map(({ firing }) => firing.window)),
  };
}

interface Share {
  whole: bigint;
  largest: bigint;
  value: string | null;
}

/** By window and group, how much there is in all, and the largest part of it. */
function sharesIn(rule: Rule, query: Query, series: Series): Map<string, Share> {
  const measure = drivingMeasure(rule.metric, rule.errors);
  const shares = new Map<string, Share>();
  series.keys.forEach((key, group) => {
    query.windows.forEach((window, i) => {
      const sum = series.cell(group, i)?.sums[measure];
      if (sum === undefined) return;
      const name = findingKey(window, key.slice(0, -1));
      const share = shares.get(name) ?? { whole: 0n, largest: 0n, value: null };
      share.whole += sum;
      if (sum > share.largest) [share.largest, share.value] = [sum, key.at(-1) ?? null];
      shares.set(name, share);
    });
  });
  return shares;
}
