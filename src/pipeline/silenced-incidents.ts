// Finds the alerts that are silenced, and those that join an incident which is.

import { groupId as groupIdOf } from '../model/fingerprint.ts';
import { groupedBy } from '../model/grouped-by.ts';
import { subjectKey } from '../model/incident.ts';
import type { Rule, Silence } from '../model/rule.ts';
import { type OccurringSilence, occurringAt, silenceOf } from '../model/silence.ts';
import type { IncidentQuestion } from '../state/read-incidents.ts';
import type { AlertNotification, Decision } from './decide.ts';
import type { DecidingParts } from './parts.ts';
import { subjectsOf } from './subjects.ts';

/** What is to be notified of one rule. */
interface Notifying {
  readonly rule: Rule;
  readonly fingerprint: string;
  readonly notifications: readonly AlertNotification[];
}

/** An alert that joins an incident without being notified. */
export interface Joining {
  readonly groupId: string;
  readonly period: string;
  readonly incident: string;
}

interface Asked {
  readonly rule: Rule;
  readonly fingerprint: string;
  readonly notification: AlertNotification;
}

/** The groups that fire and are silenced, by silences that hold at an instant. */
export function silencedAt(
  { verdicts }: Decision,
  at: number,
): { readonly groupId: string; readonly silence: OccurringSilence }[] {
  return verdicts.flatMap(({ group, variant, silence }) => {
    const occurring = silence === null ? null : occurringAt(silence, at);
    return occurring === null ? [] : [{ groupId: groupIdOf(group, variant), silence: occurring }];
  });
}

/** The incidents that silences name. */
export function namedBy(silences: readonly Silence[]): string[] {
  return [...new Set(silences.flatMap(({ incident }) => incident ?? []))];
}

/**
 * By rule, the alerts that would join or reopen an incident that is silenced. Looks for the subjects of those that have none
 * yet, where a silence names an incident and may match them. Throws when the state store is unreachable.
 */
export async function joiningSilenced(
  parts: DecidingParts,
  all: readonly Notifying[],
  at: number,
): Promise<Map<Rule, Joining[]>> {
  const named = new Set(namedBy(parts.silences));
  const joining = new Map<Rule, Joining[]>();
  if (named.size === 0) return joining;
  const isSilencedIn = ({ rule, notification }: Asked, incident: string): boolean =>
    silenceOf(rule, notification.group, notification.at, parts.silences, incident) !== null;
  const asked = all
    .flatMap(({ notifications, ...of }) => notifications.map((notification) => ({ ...of, notification })))
    .filter((one) => [...named].some((incident) => isSilencedIn(one, incident)));
  if (asked.length === 0) return joining;
  const known = await parts.state.readIncidentsToJoin(asked.map((one) => questionOf(one, null)));
  const unknown = asked.filter((_, i) => known[i] === null);
  const found =
    unknown.length === 0 ? [] : await parts.state.readIncidentsToJoin(await withSubjects(parts, unknown, at));
  const incidentOf = new Map<Asked, string | null>([
    ...asked.map((one, i) => [one, known[i] ?? null] as const),
    ...unknown.map((one, i) => [one, found[i] ?? null] as const),
  ]);
  for (const [one, incident] of incidentOf) {
    if (incident === null || !named.has(incident) || !isSilencedIn(one, incident)) continue;
    const { groupId, period } = one.notification;
    const list = joining.get(one.rule) ?? [];
    list.push({ groupId, period: String(period), incident });
    joining.set(one.rule, list);
  }
  return joining;
}

async function withSubjects(
  parts: DecidingParts,
  asked: readonly Asked[],
  at: number,
): Promise<IncidentQuestion[]> {
  const notifying = [...groupedBy(asked, ({ rule }) => rule.name).values()].flatMap((list) =>
    list.slice(0, 1).map(({ rule }) => ({
      rule,
      notifications: list.map(({ notification }) => notification),
    })),
  );
  const subjects = await subjectsOf(parts, notifying, at);
  return asked.map((one) => {
    const subject = subjects.get(one.notification);
    return questionOf(one, subject === undefined ? null : subjectKey(subject));
  });
}

function questionOf(
  { fingerprint, notification: { groupId, period } }: Asked,
  subject: string | null,
): IncidentQuestion {
  return { fingerprint, groupId, period: String(period), subject };
}
