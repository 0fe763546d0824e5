import { expect } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import type { Message } from '../../src/model/message.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { PollParts } from '../../src/pipeline/parts.ts';
import type { PollReport } from '../../src/pipeline/poll.ts';
import { MINUTE, openPollWorld } from './poll-world.ts';

/** What is told as an event of webhooks. */
export interface Event {
  readonly type: string;
  readonly data: {
    readonly rule: string;
    readonly alerts: readonly {
      readonly id: string;
      readonly reason: string;
      readonly incident: string;
      readonly previous: { readonly value: number; readonly severity: string; readonly at: string } | null;
      readonly resolved_at?: string;
      readonly peak?: number;
      readonly value_now?: number;
    }[];
  };
}

/** A poll world with one channel that people read and one for programs; nothing is sent. */
export async function openIncidentWorld(gatheredMs = 0) {
  const world = await openPollWorld();
  const names = ['people', 'programs'] as const;
  const terms = new Map(names.map((name) => [name as string, { byIncident: true, sendResolved: true }]));
  const changes: Partial<PollParts> = {
    channels: new Map(names.map((name) => [name as string, channelFor(name)])),
    incidents: { by: 'service', intervalMs: gatheredMs, terms },
  };
  const { sql } = world.calls;
  const to = (report: PollReport, channel: (typeof names)[number]): Message[] => {
    expect(report.error).toBeNull();
    return report.queued.filter((one) => one.channel === channel).map(({ message }) => message);
  };
  return {
    ...world,
    notify: [...names],
    /** What its polls have in place of the parts of a poll world. */
    changes,
    poll: (rules: readonly Rule[], at: number, more: Partial<PollParts> = {}): Promise<PollReport> =>
      world.poll(rules, at, { ...changes, ...more }),
    messagesToPrograms: (report: PollReport) => to(report, 'programs'),
    toPeople: (report: PollReport) => to(report, 'people'),
    toPrograms: (report: PollReport) => to(report, 'programs').map(({ json }) => JSON.parse(json) as Event),
    /** What was queued is on its way, so that later news does not take its place. */
    allTried: () =>
      sql.query("UPDATE spendwatch.delivery SET attempts = 1, state = 'delivered', settled_at = now()"),
    spend: (cost: number, at: number, service = 'search') =>
      world.calls.log({ at, cost, service, user: 'svc-indexer', model: 'gpt-4.1' }),
    /** A call each minute, so that the store has newer rows. */
    others: (from: number, count: number) =>
      world.calls.log(
        ...Array.from({ length: count }, (_, i) => ({
          at: from + i * MINUTE,
          cost: 0.01,
          service: 'quiet',
          user: 'q',
        })),
      ),
    openAlerts: () =>
      sql.query<{ fingerprint: string }>('SELECT fingerprint FROM spendwatch.alert WHERE closed_at IS NULL'),
    incidents: () =>
      sql.query<{ id: string; closed_at: Date | null }>(
        'SELECT id, closed_at FROM spendwatch.incident ORDER BY opened_at, id',
      ),
  };
}

export type IncidentWorld = Awaited<ReturnType<typeof openIncidentWorld>>;

/** Keeps messages as they are. */
function channelFor(audience: Channel['audience']): Channel {
  const refuse = () => Promise.reject(new Error('nothing is sent here'));
  return {
    name: audience,
    type: 'recorder',
    audience,
    timeoutMs: 1_000,
    spacingMs: 0,
    render: (message) => JSON.stringify(message),
    send: refuse,
    probe: refuse,
    close: async () => undefined,
  };
}
