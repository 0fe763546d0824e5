// The ledger of alerts and incidents in memory, for polls that are told as samples.

import { subjectKey } from '../../../src/model/incident.ts';
import { fixedFromNumber, ONE } from '../../../src/model/money.ts';
import type { Episode, EpisodeChanges, Notification, Notified } from '../../../src/model/notification.ts';
import type { State } from '../../../src/state/open.ts';
import type { Recording, RecordOptions } from '../../../src/state/record.ts';
import type {
  ClosedAlert,
  IncidentDelivery,
  OpenIncident,
  RecordedIncidents,
  SilencedAlert,
  SilencedGroup,
  ToldAlert,
} from '../../../src/state/recorded-incidents.ts';

type Kept = Omit<ClosedAlert, 'ended' | 'closedAt'> & Partial<Pick<ClosedAlert, 'ended' | 'closedAt'>>;
type Incident = Omit<OpenIncident, 'stepBefore'> & { readonly step: number };

/** Does what `record` and its tables do, for one process that is never interrupted. Every delivery counts as tried at once. */
export function memoryState(incidentId: (count: number) => string): State {
  const watermarks = new Map<string, number>();
  const episodes = new Map<string, Map<string, Episode>>();
  const notified = new Map<string, Notified & { readonly incident: string | null }>();
  const alerts = new Map<string, Kept>();
  const incidents = new Map<string, Incident>();
  const deliveries: IncidentDelivery[] = [];
  const noted = new Set<string>();

  const isThrough = (fingerprint: string, one: Notification): boolean => {
    const known = notified.get(`${fingerprint} ${one.groupId} ${one.period}`);
    if (known === undefined || known.isResolved || one.step > known.step) return true;
    const { growth, value } = one;
    return growth !== null && known.value > 0n && value * ONE >= fixedFromNumber(growth) * known.value;
  };

  const incidentFor = ({ fingerprint, notification, subject }: ToldAlert): string => {
    const open = alerts.get(`${fingerprint} ${notification.groupId}`);
    if (open !== undefined && open.closedAt === undefined) return open.incident;
    const earlier = notified.get(`${fingerprint} ${notification.groupId} ${notification.period}`)?.incident;
    const key = subjectKey(subject);
    const same = [...incidents.values()].find((one) => !one.isClosed && subjectKey(one.subject) === key);
    const id = same?.id ?? earlier ?? incidentId(incidents.size);
    incidents.set(id, { ...(incidents.get(id) ?? { id, subject, step: 0 }), isClosed: false });
    return id;
  };

  /** Each silence is told once of each incident. */
  const notesOf = (quiet: readonly SilencedGroup[]): SilencedAlert[] => {
    const known = quiet.flatMap((one): SilencedAlert[] => {
      const alert = alerts.get(`${one.fingerprint} ${one.groupId}`);
      return alert === undefined || alert.closedAt !== undefined ? [] : [{ ...one, ...alert }];
    });
    const news = known.filter(({ incident, silence }) => !noted.has(`${incident} ${silence.key}`));
    for (const { incident, silence } of news) noted.add(`${incident} ${silence.key}`);
    return news;
  };

  function recordIncidents<S extends Notification>(
    told: readonly ToldAlert<S>[],
    closings: readonly (Pick<ClosedAlert, 'fingerprint' | 'groupId' | 'ended'> & { readonly at: number })[],
    quiet: readonly SilencedGroup[],
  ): RecordedIncidents<S> {
    const stepsBefore = new Map([...incidents].map(([id, { step }]) => [id, step]));
    const joined = told.map((one) => ({ ...one, incident: incidentFor(one) }));
    for (const { fingerprint, notification, told: text, incident } of joined) {
      const { groupId, period, step, value, at } = notification;
      alerts.set(`${fingerprint} ${groupId}`, { fingerprint, groupId, incident, period, told: text });
      notified.set(`${fingerprint} ${groupId} ${period}`, {
        groupId,
        period,
        step,
        value,
        at,
        isResolved: false,
        incident,
      });
      const known = incidents.get(incident) as Incident;
      incidents.set(incident, { ...known, step: Math.max(known.step, step) });
    }
    const closed = closings.flatMap(({ fingerprint, groupId, ended, at }): ClosedAlert[] => {
      const alert = alerts.get(`${fingerprint} ${groupId}`);
      if (alert === undefined || alert.closedAt !== undefined) return [];
      const one = { ...alert, ended, closedAt: at };
      alerts.set(`${fingerprint} ${groupId}`, one);
      return [one];
    });
    const silenced = notesOf(quiet);
    const touched = new Set([...joined, ...closed, ...silenced].map(({ incident }) => incident));
    const over = [...touched].filter((id) =>
      [...alerts.values()].every((one) => one.incident !== id || one.closedAt !== undefined),
    );
    for (const id of over) incidents.set(id, { ...(incidents.get(id) as Incident), isClosed: true });
    const gone = [...alerts.values()].filter(({ incident }) => over.includes(incident)) as ClosedAlert[];
    for (const { fingerprint, groupId } of gone) alerts.delete(`${fingerprint} ${groupId}`);
    return {
      told: joined,
      closed,
      ofClosedIncidents: gone.sort((a, b) => a.closedAt - b.closedAt),
      silenced,
      incidents: new Map(
        [...touched].map((id) => {
          const { step: _, ...incident } = incidents.get(id) as Incident;
          return [id, { ...incident, stepBefore: stepsBefore.get(id) ?? 0 }];
        }),
      ),
      deliveries: deliveries.filter((one) => one.incidents.some((id) => touched.has(id))),
    };
  }

  function followEpisodes(fingerprint: string, { begun, ended }: EpisodeChanges): void {
    const own = episodes.get(fingerprint) ?? new Map<string, Episode>();
    episodes.set(fingerprint, own);
    for (const { groupId, step } of ended) own.delete(`${groupId} ${step}`);
    for (const episode of begun) own.set(`${episode.groupId} ${episode.step}`, episode);
  }

  const state: Partial<State> = {
    readSilences: async () => [],
    readRuleStates: async (fingerprints) =>
      new Map(
        fingerprints.map((one) => [
          one,
          { watermark: watermarks.get(one) ?? null, episodes: [...(episodes.get(one)?.values() ?? [])] },
        ]),
      ),
    readAlerts: async (asked) =>
      new Map(
        asked.flatMap(({ fingerprint, groupId }) => {
          const kept = alerts.get(`${fingerprint} ${groupId}`);
          return kept === undefined ? [] : [[`${fingerprint}/${groupId}`, kept.told] as const];
        }),
      ),
    readNotified: async (questions) =>
      new Map(
        questions.map(({ fingerprint, groupIds }) => [
          fingerprint,
          [...notified].flatMap(([name, one]) =>
            name.startsWith(`${fingerprint} `) && groupIds.includes(one.groupId) ? [one] : [],
          ),
        ]),
      ),
    async record<S extends Notification>(
      recordings: readonly Recording<S>[],
      now: number,
      { incidents: plan }: RecordOptions<S> = {},
    ) {
      const told = recordings.flatMap(({ fingerprint, batches }) =>
        batches
          .flatMap(({ notifications }) => notifications)
          .filter((notification) => isThrough(fingerprint, notification))
          .map((notification) => ({ fingerprint, notification, ...plan?.toldOf(fingerprint, notification) })),
      ) as ToldAlert<S>[];
      const closings = recordings.flatMap(({ fingerprint, closings: own = [] }) =>
        own.map((one) => ({ ...one, fingerprint })),
      );
      for (const { fingerprint, watermark, episodes: changes } of recordings) {
        if (watermark !== null) watermarks.set(fingerprint, watermark.at);
        followEpisodes(fingerprint, changes);
      }
      const silenced = recordings.flatMap(({ fingerprint, silenced: own = [] }) =>
        own.map((one) => ({ ...one, fingerprint })),
      );
      const nothing = { queued: [], overtaken: [], failed: new Map() };
      if (plan === undefined || told.length + closings.length + silenced.length === 0) return nothing;
      const composed = plan.compose(recordIncidents(told, closings, silenced));
      for (const { fingerprint, groupId, period } of composed.endsTold) {
        const name = `${fingerprint} ${groupId} ${period}`;
        const known = notified.get(name);
        if (known !== undefined) notified.set(name, { ...known, isResolved: true });
      }
      for (const { id, channel, incidents: about = [], thread = null, news } of composed.deliveries) {
        const sent = { id, channel, incidents: about, thread, isUntried: false };
        deliveries.push({ ...sent, notices: news?.notices ?? null, createdAt: now, nextAt: now });
      }
      return { ...nothing, queued: composed.deliveries };
    },
  };
  return state as State;
}
