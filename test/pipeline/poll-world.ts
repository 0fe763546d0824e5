import type { Channel } from '../../src/channels/channel.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import type { ExplainParts } from '../../src/check/explain/parts.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { ruleFingerprints } from '../../src/model/fingerprint.ts';
import type { Rule, Silence } from '../../src/model/rule.ts';
import type { PollParts } from '../../src/pipeline/parts.ts';
import { type PollReport, poll } from '../../src/pipeline/poll.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import { openState, type State } from '../../src/state/open.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { silenced } from '../support/silenced.ts';
import type { ENGINES } from '../support/sql-engines.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A store and a state in one database, with channels that nothing is sent on. */
export interface PollWorld {
  readonly calls: CallStore;
  readonly state: State;
  readonly channels: ReadonlyMap<string, Channel>;
  parts(rules: readonly Rule[], more?: Partial<PollParts>): PollParts;
  /** What explains a rule from the store alone: nothing is silenced, and no ledger is asked. */
  explainParts(rule: Rule): ExplainParts;
  /** One poll of some rules, with a clock that stands at the instant. */
  poll(rules: readonly Rule[], at: number, more?: Partial<PollParts>): Promise<PollReport>;
  /** Nothing was judged or said yet; the calls stay. */
  forget(): Promise<void>;
  /** Forgets the calls, what was said and what is queued. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export async function openPollWorld(engine: (typeof ENGINES)[number] = 'postgres'): Promise<PollWorld> {
  const calls = await openCallStore(engine);
  const state = await openState(calls.sql);
  const names = ['oncall', 'finance', 'pager'];
  const opened = names.map((name) => webhook.open(name, webhook.schema.parse(webhookKeys)));
  const channels = new Map((await Promise.all(opened)).map((channel) => [channel.name, channel]));
  const parts: PollWorld['parts'] = (rules, more = {}) => ({
    store: calls.store,
    source: more.store ?? calls.store,
    dimensions: calls.dimensions,
    state,
    rules,
    file: { id: 'alerts.yaml', fingerprints: [...fingerprintsOf(rules).values()] },
    fingerprints: fingerprintsOf(rules),
    silences: [],
    zone: 'UTC',
    schedule: cronSchedule('* * * * *', 'UTC'),
    channels,
    incidents: {
      by: 'service',
      intervalMs: 0,
      terms: new Map(
        [...(more.channels ?? channels).keys()].map((name) => [
          name,
          { byIncident: true, sendResolved: false },
        ]),
      ),
    },
    ...more,
  });
  const forget = async (): Promise<void> => {
    await calls.sql.query(
      'TRUNCATE spendwatch.notification, spendwatch.episode, spendwatch.alert, spendwatch.incident, spendwatch.rule_watermark, spendwatch.delivery, spendwatch.silence',
    );
  };
  return {
    calls,
    state,
    channels,
    parts,
    explainParts(rule) {
      const { store, dimensions, zone, schedule, incidents, fingerprints } = parts([rule]);
      const fingerprint = fingerprints.get(rule.name) as string;
      const shared = { store, dimensions, zone, schedule, incidents, rule, fingerprint };
      return { ...shared, source: null, silences: [], ledger: null };
    },
    poll: (rules, at, more) => poll(parts(rules, more), at, () => at),
    forget,
    async clear() {
      await calls.clear();
      await forget();
    },
    stop: calls.stop,
  };
}

const fingerprintsOf = (rules: readonly Rule[]): Map<string, string> =>
  ruleFingerprints(rules.map((rule) => ({ name: rule.name, identity: ruleTypeOf(rule).identity(rule) })));

const webhookKeys = { type: 'webhook', url: 'http://127.0.0.1:9/', secret: 'nothing-is-sent-with-it' };

/** Spend by service over ten minutes, against 50 and 100 dollars. */
export function burn(keys: Record<string, unknown> = {}): Rule {
  return ruleOf('threshold', {
    name: 'burn',
    window: '10m',
    group_by: ['service'],
    thresholds: { warning: 50, critical: 100 },
    ...keys,
  });
}

/** Calls of equal cost every five minutes of [from, to). */
export function steadyCalls(from: number, to: number, cost: number) {
  const count = Math.ceil((to - from) / (5 * MINUTE));
  return Array.from({ length: count }, (_, i) => ({ at: from + i * 5 * MINUTE, cost }));
}

export function silenceOf(rule: string, from: number, until: number): Silence {
  return silenced(from, until, { rule });
}

/** The reasons of a poll's verdicts. */
export function reasonsOf(report: PollReport): string[] {
  return report.rules.flatMap(({ verdicts }) => verdicts.map(({ reason }) => reason));
}

interface AlertBody {
  readonly data: {
    readonly rule: string;
    readonly severity: string;
    readonly at: string;
    readonly alerts: readonly {
      readonly id: string;
      readonly since: string;
      readonly ongoing: boolean;
      readonly finding: { readonly group: Readonly<Record<string, string>>; readonly value: number };
    }[];
    readonly more: number;
  };
}

/** What a poll queued: channel, and what its body says. */
export function alertsQueuedBy(report: PollReport): ({ readonly channel: string } & AlertBody['data'])[] {
  return report.queued.map(({ channel, body }) => ({ channel, ...(JSON.parse(body) as AlertBody).data }));
}
