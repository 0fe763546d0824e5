// Tells people when spendwatch cannot see, and when it can again.

import type { App } from '../app.ts';
import type { Channel } from '../channels/channel.ts';
import { afterFailure, type NewDelivery } from '../model/delivery.ts';
import { SendError, sentenceOf, wordsOf } from '../model/errors.ts';
import { blindMessage, seesMessage } from '../model/health-message.ts';
import type { Message } from '../model/message.ts';
import type { Episode } from '../model/notification.ts';
import {
  BLIND,
  type Condition,
  type HealthNews,
  healthNews,
  lookAt,
  NO_FAILURES,
  SEES,
} from '../pipeline/health.ts';
import type { PollReport } from '../pipeline/poll.ts';
import type { State } from '../state/open.ts';
import { healthDeliveries } from './health-deliveries.ts';

/** Watches the worker's own sight over reloads, and tells people when it is lost and when it is back. */
export interface HealthWatch {
  /** What a poll says of it. Resolves to what a log should say of the telling, or null. Never rejects. */
  polled(app: App, report: PollReport, staleAfterMs: number | null): Promise<string | null>;
  /** Another worker polls: what it sees counts now, and it tells people. */
  standBy(): void;
}

const DIRECT_TIMEOUT_MS = 15_000;
const DAY_MS = 86_400_000;

/** A direct telling that failed: it waits as long as a delivery would, without a state store to keep it in. */
interface DirectTry {
  readonly rung: number;
  readonly firstTriedAt: number;
  readonly nextAt: number;
}

/** `random` is in [0, 1) and spreads retries. */
export function openHealthWatch(now: () => number, random: () => number): HealthWatch {
  let failed = NO_FAILURES;
  /** What was told without the ledger, by delivery id; it ends when the ledger can be asked again. */
  const direct = new Set<string>();
  const failedDirectly = new Map<string, DirectTry>();
  let directEpisode: Episode | null = null;
  /** The newest row ever seen: a poll that failed has seen none. */
  let newestSeen: number | null = null;

  const tell = async (app: App, condition: Condition, report: PollReport): Promise<void> => {
    const { at } = report;
    const zone = app.config.timezone;
    const state = await app.state();
    const told = (await state.readRuleStates([BLIND])).get(BLIND)?.episodes[0] ?? directEpisode;
    const news = healthNews(condition, told, at, zone);
    if (news === null) return;
    const deliveries = deliveriesOf(app, news, condition, { at: report.at, newestRow: newestSeen }, now());
    await recordNews(
      state,
      news,
      deliveries.filter(({ id }) => !direct.has(id)),
      now(),
    );
    if (news.kind === SEES) directEpisode = null;
  };

  const triedInVain = (id: string, error: unknown): void => {
    const { rung, firstTriedAt } = failedDirectly.get(id) ?? { rung: 0, firstTriedAt: now() };
    const start = { rung, firstTriedAt, createdAt: firstTriedAt, reportedAt: null, isReport: true };
    const failure = error instanceof SendError ? error : ({ kind: 'passing', retryAfterMs: null } as const);
    const after = afterFailure(start, failure, now(), random());
    const nextAt = after.state === 'given_up' ? Number.POSITIVE_INFINITY : after.nextAt;
    failedDirectly.set(id, { rung: after.rung, firstTriedAt, nextAt });
  };

  /** With the state store away too, once per process and day, under the id that the ledger would have given it. */
  const tellDirectly = async (app: App, condition: Condition, report: PollReport): Promise<string | null> => {
    const news = healthNews(condition, directEpisode, report.at, app.config.timezone);
    if (news === null || news.kind !== BLIND) return null;
    directEpisode = news.episode;
    const unsent = deliveriesOf(app, news, condition, { at: report.at, newestRow: newestSeen }, now()).filter(
      ({ id }) => !direct.has(id) && now() >= (failedDirectly.get(id)?.nextAt ?? 0),
    );
    const results = await Promise.allSettled(
      unsent.map(async (delivery) => {
        const channel = app.channels.get(delivery.channel) as Channel;
        // Another process, or this one while it had its ledger, may have told it today: where a channel can look, it does.
        const envelope = { ...delivery, accepted: [], firstTriedAt: report.at - DAY_MS };
        try {
          await channel.send(envelope, AbortSignal.timeout(DIRECT_TIMEOUT_MS));
          direct.add(delivery.id);
        } catch (error) {
          triedInVain(delivery.id, error);
          throw error;
        }
      }),
    );
    const refused = results.find((result) => result.status === 'rejected');
    if (refused !== undefined) return `could not tell of blindness: ${wordsOf(refused.reason)}`;
    const told = unsent.map(({ channel }) => channel).join(', ');
    return told === '' ? null : `told ${told} of blindness directly, for the state store is away too`;
  };

  return {
    async polled(app, report, staleAfterMs) {
      const policy = { blindAfter: app.config.health.blindAfter, staleAfterMs };
      const { at, newestRow } = report;
      const looked = lookAt(failed, { at, newestRow, failure: failureOf(report) }, policy);
      failed = looked.run;
      newestSeen = newestRow ?? newestSeen;
      try {
        await tell(app, looked.condition, report);
        return null;
      } catch {
        return tellDirectly(app, looked.condition, report).catch(wordsOf);
      }
    },
    standBy() {
      failed = NO_FAILURES;
      directEpisode = null;
    },
  };
}

function failureOf({ error, rules }: PollReport): string | null {
  if (error === null) return null;
  const failed = rules.find((rule) => rule.error !== null);
  return failed === undefined ? error.message : `rule ${failed.rule.name}: ${sentenceOf(error)}`;
}

async function recordNews(
  state: State,
  { kind, notification, episode }: HealthNews,
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<void> {
  const { groupId, step } = episode;
  const episodes =
    kind === BLIND ? { begun: [episode], ended: [] } : { begun: [], ended: [{ groupId, step }] };
  const batches = [{ notifications: [notification], compose: () => deliveries }];
  const own = { rule: null, watermark: null };
  const recordings =
    kind === BLIND
      ? [{ ...own, fingerprint: BLIND, episodes, batches }]
      : [
          { ...own, fingerprint: BLIND, episodes, batches: [] },
          { ...own, fingerprint: SEES, episodes: { begun: [], ended: [] }, batches },
        ];
  await state.record(recordings, now);
}

function deliveriesOf(
  app: App,
  { notification, episode }: HealthNews,
  condition: Condition,
  { at, newestRow }: Pick<PollReport, 'at' | 'newestRow'>,
  timestamp: number,
): NewDelivery[] {
  const sight = { at, zone: app.config.timezone, timestamp, dataAsOf: newestRow, since: episode.since };
  const message: Message =
    condition.kind === 'blind' ? blindMessage({ ...sight, reason: condition.reason }) : seesMessage(sight);
  return healthDeliveries(app, message, notification.period);
}
