// Polls as a worker runs them, over calls in memory: what people and programs are told.

import type { Channel } from '../../../src/channels/channel.ts';
import { cronSchedule } from '../../../src/model/cron-schedule.ts';
import { ruleFingerprints } from '../../../src/model/fingerprint.ts';
import type { Message } from '../../../src/model/message.ts';
import type { Rule, Silence } from '../../../src/model/rule.ts';
import { poll } from '../../../src/pipeline/poll.ts';
import { ruleTypeOf, ruleTypes } from '../../../src/rules/index.ts';
import type { RuleType } from '../../../src/rules/rule-type.ts';
import { openTemplates } from '../../../src/templates/open.ts';
import { withFill } from '../../../src/templates/rule-texts.ts';
import { ruleOf } from '../../rules/rule-fixtures.ts';
import { DAY } from './company.ts';
import { memoryState } from './memory-state.ts';
import { DIMENSIONS, type Flow, memoryStore } from './memory-store.ts';

/** What one poll tells. */
export interface Told {
  /** To a channel for people, by incident. */
  readonly people: readonly Message[];
  /** What the first of them says from now on, by the same order; null for one that begins a thread. */
  readonly edited: readonly (Message | null)[];
  /** To a channel for programs, an event for each rule. */
  readonly programs: readonly Message[];
}

export interface Watched {
  readonly flows: readonly Flow[];
  readonly rules: readonly Rule[];
  /** The polls, ascending, ms. */
  readonly at: readonly number[];
  readonly silences?: readonly Silence[];
  readonly schedule?: string;
  readonly zone?: string;
  /** Names the incidents, as they are random elsewhere. */
  readonly incident?: string;
}

const CHANNELS = { oncall: 'people', events: 'programs' } as const;
const notify = Object.keys(CHANNELS);

/** A rule that all channels of the samples hear of. */
export function rule(type: 'threshold' | 'anomaly', keys: Record<string, unknown>): Rule {
  return ruleOf(type, { notify, group_by: ['service'], ...keys });
}

/** The same with nothing but these keys. */
export function ruleAsWritten(type: keyof typeof ruleTypes, keys: Record<string, unknown>): Rule {
  const { schema }: RuleType = ruleTypes[type];
  return schema.parse({ type, notify, ...keys })({ severity: 'warning', notify });
}

/** Polls one instant after the other, and returns what each tells. */
export async function pollsOf(watched: Watched): Promise<Map<number, Told>> {
  const { flows, at, silences = [], schedule = '*/10 * * * *', zone = 'UTC', incident = '4f8a1c' } = watched;
  const templates = await openTemplates();
  const rules = watched.rules.map((one) => withFill(one, templates, null));
  const store = memoryStore(flows);
  const fingerprints = ruleFingerprints(
    rules.map((one) => ({ name: one.name, identity: ruleTypeOf(one).identity(one) })),
  );
  const parts = {
    store,
    source: store,
    dimensions: DIMENSIONS,
    state: memoryState((count) => `inc-${incident}${(0x2b9d + count * 0x1357).toString(16)}`),
    rules,
    fingerprints,
    file: { id: 'alerts.yaml', fingerprints: [...fingerprints.values()] },
    silences,
    zone,
    schedule: cronSchedule(schedule, zone),
    channels: new Map(Object.entries(CHANNELS).map(([name, audience]) => [name, recorder(name, audience)])),
    incidents: {
      by: 'service',
      intervalMs: 300_000,
      terms: new Map(notify.map((name) => [name, { byIncident: true, sendResolved: true }])),
    },
  };
  const told = new Map<number, Told>();
  for (const instant of at) {
    const { queued, error } = await poll(parts, instant, () => instant + 1_500);
    if (error !== null) throw error;
    const to = (channel: keyof typeof CHANNELS): Message[] =>
      queued.filter((one) => one.channel === channel).map(({ message }) => message);
    const edited = queued
      .filter(({ channel }) => channel === 'oncall')
      .map(({ body }) => (JSON.parse(body) as Kept).now);
    told.set(instant, { people: to('oncall'), edited, programs: to('events') });
  }
  return told;
}

/** What the channel of the samples keeps of a message. */
interface Kept {
  readonly now: Message | null;
}

/** Keeps messages as they are; nothing is sent. */
function recorder(name: string, audience: Channel['audience']): Channel {
  const refuse = () => Promise.reject(new Error('nothing is sent here'));
  return {
    name,
    type: 'recorder',
    audience,
    timeoutMs: 1_000,
    spacingMs: 0,
    ...(audience === 'people' && { threadMs: DAY }),
    render: (_, __, root) => JSON.stringify({ now: root?.now ?? null } satisfies Kept),
    send: refuse,
    probe: refuse,
    close: async () => undefined,
  };
}
