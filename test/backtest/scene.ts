import { backtest } from '../../src/backtest/backtest.ts';
import { steppedGrid } from '../../src/backtest/grid.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { ruleFingerprints } from '../../src/model/fingerprint.ts';
import type { Rule, Silence } from '../../src/model/rule.ts';
import { poll } from '../../src/pipeline/poll.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import { openState } from '../../src/state/open.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { tableOptions } from '../../src/stores/options.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { type AuditDatabase, createAuditDatabase, type LoggedCall } from '../support/audit-table.ts';

/** A past: calls in a store, and the rules that are replayed over it. */
export interface Scene {
  readonly database: AuditDatabase;
  readonly store: AuditStore;
  clear(): Promise<void>;
}

/** What is replayed, of a scene. */
export interface Play {
  readonly rules: readonly Rule[];
  readonly silences?: readonly Silence[];
  readonly zone?: string;
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

/** An alert on a channel, as a backtest and a worker would send it. */
export interface Sent {
  readonly at: string;
  readonly rule: string;
  readonly channel: string;
  readonly group: string;
  readonly severity: string;
  readonly value: number;
  readonly since: string;
  readonly ongoing: boolean;
}

export async function openScene(): Promise<Scene> {
  const database = await createAuditDatabase();
  const measures = { speed: { sql: 'latency_ms / 3 - 900', aggregate: 'min' } };
  return {
    database,
    store: postgres.open(database.sql, tableOptions.parse({ preset: 'api_audit_logs', measures }), null),
    clear: async () => {
      await database.sql.query('TRUNCATE api_audit_logs');
      await database.sql.query('DROP SCHEMA IF EXISTS spendwatch CASCADE');
    },
  };
}

/** What backtest lists, alert by alert and channel by channel. */
export async function sentByBacktest(scene: Scene, play: Play, chunk?: number): Promise<Sent[]> {
  const { alerts } = await backtest(partsOf(scene, play), {
    from: play.from,
    to: play.to,
    perWeek: null,
    withSeries: false,
    ...(chunk === undefined ? {} : { chunk }),
  });
  return inOrder(
    alerts.flatMap(({ rule, notification }) =>
      rule.notify[notification.severity].map((channel) => ({
        at: iso(notification.at),
        rule: rule.name,
        channel,
        group: notification.group.map((part) => part ?? '(none)').join('/'),
        severity: notification.severity,
        value: notification.firing.value.number,
        since: iso(notification.since),
        ongoing: notification.ongoing,
      })),
    ),
  );
}

/** What a worker queues that polls at every instant in its time, with a ledger in the database. */
export async function sentByRun(scene: Scene, play: Play): Promise<Sent[]> {
  const { store } = scene;
  const { rules, silences, zone, fingerprints, grid } = partsOf(scene, play);
  const state = await openState(scene.database.sql);
  const names = new Set(rules.flatMap(({ notify }) => Object.values(notify).flat()));
  const channels = new Map([...names].map((name) => [name, renderingChannel(name)]));
  const schedule = { instants: grid.instants, everyInstant: grid.instants, latest: () => null };
  const dimensions = new Set<string>();
  const parts = {
    store,
    source: store,
    dimensions,
    state,
    rules,
    file: { id: 'alerts.yaml', fingerprints: [...fingerprints.values()] },
    fingerprints,
    silences,
    zone,
    schedule,
    channels,
    incidents: {
      by: 'service',
      intervalMs: 0,
      terms: new Map([...channels.keys()].map((name) => [name, { byIncident: true, sendResolved: false }])),
    },
  };
  const sent: Sent[] = [];
  for (const at of grid.replayed) {
    const report = await poll(parts, at, () => at);
    if (report.error !== null) throw report.error;
    for (const { channel, message } of report.queued) sent.push(...alertsOf(channel, message.json));
  }
  return inOrder(sent);
}

export function partsOf({ store }: Pick<Scene, 'store'>, play: Play) {
  const { rules, silences = [], zone = 'UTC', from, to, stepMs } = play;
  const lookBackMs = Math.max(...rules.map(({ forMs }) => forMs));
  return {
    store,
    rules,
    silences,
    zone,
    fingerprints: ruleFingerprints(
      rules.map((rule) => ({ name: rule.name, identity: ruleTypeOf(rule).identity(rule) })),
    ),
    grid: steppedGrid(from, to, stepMs, lookBackMs),
  };
}

/** So many dollars by a service at an instant. */
export function call(at: number, service: string, cost: string): LoggedCall {
  return { at: new Date(at), service, cost };
}

interface WebhookBody {
  readonly data: {
    readonly rule: string;
    readonly at: string;
    readonly more: number;
    readonly alerts: readonly {
      readonly since: string;
      readonly ongoing: boolean;
      readonly finding: { readonly group: object; readonly severity: string; readonly value: number };
    }[];
  };
}

function alertsOf(channel: string, body: string): Sent[] {
  const { data } = JSON.parse(body) as WebhookBody;
  if (data.more > 0) throw new Error('a scene with more groups than a message shows cannot be compared');
  return data.alerts.map(({ since, ongoing, finding: { group, severity, value } }) => ({
    at: data.at,
    rule: data.rule,
    channel,
    group: Object.values(group).join('/'),
    severity,
    value,
    since,
    ongoing,
  }));
}

/** Satisfies the contract as far as queueing goes; what is queued is never sent. */
function renderingChannel(name: string): Channel {
  const refuse = () => Promise.reject(new Error('nothing is sent here'));
  return {
    name,
    type: 'webhook',
    audience: 'programs',
    timeoutMs: 1_000,
    spacingMs: 0,
    render: (message) => message.json,
    send: refuse,
    probe: refuse,
    close: async () => undefined,
  };
}

function inOrder(sent: readonly Sent[]): Sent[] {
  const name = ({ at, rule, channel, group, severity }: Sent): string =>
    JSON.stringify([at, rule, channel, group, severity]);
  return [...sent].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}

function iso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
