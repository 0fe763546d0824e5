import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import type { Message } from '../../src/model/message.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { PollParts } from '../../src/pipeline/parts.ts';
import { type PollReport, poll } from '../../src/pipeline/poll.ts';
import { burn, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
const GATHERED = 5 * MINUTE;

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** Keeps messages as they are; nothing is sent. */
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

const names = ['people', 'programs'] as const;
const notify = [...names];
const terms = new Map(names.map((name) => [name as string, { byIncident: true, sendResolved: true }]));
const changes: Partial<PollParts> = {
  channels: new Map(names.map((name) => [name as string, channelFor(name)])),
  incidents: { by: 'service', intervalMs: GATHERED, terms },
};

/** A loop's rules: by service, by user, by model, and in all. */
const four = (): Rule[] => [
  burn({ notify }),
  burn({ name: 'user-burn', group_by: ['user'], notify }),
  burn({ name: 'model-burn', group_by: ['model'], notify }),
  burn({ name: 'burn-in-all', group_by: [], notify }),
];

const pollOf = (rules: readonly Rule[], at: number, more: Partial<PollParts> = {}): Promise<PollReport> =>
  world.poll(rules, at, { ...changes, ...more });

function to(report: PollReport, channel: (typeof names)[number]): Message[] {
  expect(report.error).toBeNull();
  return report.queued.filter((one) => one.channel === channel).map(({ message }) => message);
}

interface Event {
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
const eventsTo = (report: PollReport): Event[] =>
  to(report, 'programs').map(({ json }) => JSON.parse(json) as Event);

/** What was queued is on its way, so that later news does not take its place. */
const allTried = () =>
  world.calls.sql.query(
    "UPDATE spendwatch.delivery SET attempts = 1, state = 'delivered', settled_at = now()",
  );
const queuedTo = async (channel: string) =>
  world.calls.sql.query<{ next_at: Date; message: string }>(
    "SELECT next_at, message FROM spendwatch.delivery WHERE channel = $1 AND state = 'queued'",
    [channel],
  );
const spend = (cost: number, at: number, service = 'search') =>
  world.calls.log({ at, cost, service, user: 'svc-indexer', model: 'gpt-4.1' });
/** A call each minute, so that the store has newer rows. */
const others = (from: number, count: number) =>
  world.calls.log(
    ...Array.from({ length: count }, (_, i) => ({
      at: from + i * MINUTE,
      cost: 0.01,
      service: 'quiet',
      user: 'q',
    })),
  );

describe('one retry loop and four rules', () => {
  it('are one message for people, and an event per rule for programs, of one incident', async () => {
    await spend(120, AT - MINUTE);
    const report = await pollOf(four(), AT);
    const [message, ...more] = to(report, 'people');
    expect(more).toEqual([]);
    expect(message?.title).toBe('[CRITICAL] burn: search $120.00 in 10m (limit $100.00) (+3 more)');
    expect(message?.incident).toMatchObject({ subject: 'service search', isClosed: false });
    expect(message?.sections.map(({ headline }) => headline)).toEqual([
      'burn: service search: $120.00 in 10m',
      'user-burn: user svc-indexer: $120.00 in 10m',
      'model-burn: model gpt-4.1: $120.00 in 10m',
      'burn-in-all: $120.00 in 10m',
    ]);
    expect(message?.footer).toContain(
      `To silence it for two hours: spendwatch silence add incident=${message?.incident?.id} --for 2h`,
    );
    const events = eventsTo(report);
    expect(events.map(({ data }) => data.rule)).toEqual(['burn', 'user-burn', 'model-burn', 'burn-in-all']);
    expect(new Set(events.flatMap(({ data }) => data.alerts.map(({ incident }) => incident)))).toEqual(
      new Set([message?.incident?.id]),
    );
    expect(events[0]?.data.alerts[0]).toMatchObject({ reason: 'new', previous: null });
  });

  it('stay one incident where two processes poll at once', async () => {
    await spend(120, AT - MINUTE);
    const rules = four();
    const parts = (list: Rule[]) => world.parts(list, changes);
    await Promise.all(rules.map((rule) => poll(parts([rule]), AT, () => AT)));
    const incidents = await world.calls.sql.query('SELECT id FROM spendwatch.incident');
    expect(incidents).toHaveLength(1);
    expect(await world.calls.sql.query('SELECT FROM spendwatch.alert')).toHaveLength(4);
  });

  it('are an incident of the rule where no service makes half of it', async () => {
    await world.calls.log(
      ...['a', 'b', 'c'].map((service) => ({ at: AT - MINUTE, cost: 40, service, user: 'u' })),
    );
    const [message] = to(await pollOf([burn({ group_by: ['user'], notify })], AT), 'people');
    expect(message?.incident?.subject).toBe('rule burn');
  });
});

describe('an alert that joins an open incident', () => {
  it('waits for others, but a higher severity does not', async () => {
    await spend(60, AT - MINUTE);
    const all = four();
    await pollOf(all.slice(0, 1), AT);
    await allTried();
    const [held] = to(await pollOf(all.slice(0, 2), AT + MINUTE), 'people');
    expect(held?.rule).toBe('user-burn');
    const [queued] = await queuedTo('people');
    expect(queued?.next_at.getTime()).toBe(AT + MINUTE + GATHERED);
    // The next one is told together with it, and at the same time.
    await pollOf(all.slice(0, 3), AT + 2 * MINUTE);
    const [together, ...none] = await queuedTo('people');
    expect(none).toEqual([]);
    expect(together?.next_at.getTime()).toBe(AT + MINUTE + GATHERED);
    expect((JSON.parse(together?.message ?? '') as Message).sections).toHaveLength(2);
    await spend(60, AT + 2 * MINUTE);
    await pollOf(all.slice(0, 3), AT + 3 * MINUTE);
    const [urgent] = await queuedTo('people');
    expect(urgent?.next_at.getTime()).toBe(AT + 3 * MINUTE);
  });
});

describe('an incident that is over', () => {
  const only = (): Rule[] => [burn({ notify, resolve_after: '5m' })];

  /** Fires at AT, and polls each minute until it is over; returns the last report. */
  async function overAfter(minutes: number): Promise<PollReport> {
    await spend(120, AT - MINUTE);
    await others(AT - 20 * MINUTE, 60);
    let report = await pollOf(only(), AT);
    await allTried();
    for (let i = 1; i <= minutes; i += 1) report = await pollOf(only(), AT + i * MINUTE);
    return report;
  }

  it('is told once, with its end, its peak and its value now', async () => {
    expect(to(await overAfter(14), 'people')).toEqual([]);
    const report = await pollOf(only(), AT + 15 * MINUTE);
    const [message] = to(report, 'people');
    expect(message).toMatchObject({ type: 'alert.resolved', incident: { isClosed: true } });
    expect(message?.title).toBe('[RESOLVED] burn: search back to normal after 10 min');
    expect(eventsTo(report)).toMatchObject([
      {
        type: 'alert.resolved',
        data: {
          rule: 'burn',
          alerts: [{ reason: 'resolved', resolved_at: '2026-11-20T14:15:00Z', peak: 120, value_now: 0 }],
        },
      },
    ]);
    expect(to(await pollOf(only(), AT + 16 * MINUTE), 'people')).toEqual([]);
  });

  it('is reopened by the same alert, which is news', async () => {
    const [first] = to(await overAfter(15), 'people');
    await allTried();
    await spend(70, AT + 20 * MINUTE);
    const again = await pollOf(only(), AT + 21 * MINUTE);
    const [message] = to(again, 'people');
    expect(message?.incident?.id).toBe(first?.incident?.id);
    expect(message?.sections[0]?.facts).toContainEqual([
      'Again because',
      'it fires again after it was resolved; notified before at 2026-11-20 14:05 UTC: $120.00',
    ]);
    expect(eventsTo(again)[0]?.data.alerts[0]).toMatchObject({
      reason: 'reopened',
      previous: { value: 120, severity: 'critical', at: '2026-11-20T14:05:00Z' },
    });
  });

  it('is one message where nothing of it was sent yet: that it began and that it is over', async () => {
    await spend(120, AT - MINUTE);
    await others(AT - 20 * MINUTE, 60);
    for (let i = 0; i <= 15; i += 1) await pollOf(only(), AT + i * MINUTE);
    const queued = await queuedTo('people');
    expect(queued).toHaveLength(1);
    expect(JSON.parse(queued[0]?.message ?? '')).toMatchObject({ type: 'alert.resolved' });
  });

  it('is not told by channels that want no ends, and fires again as a duplicate', async () => {
    const silent = new Map(names.map((name) => [name as string, { byIncident: true, sendResolved: false }]));
    const more = { incidents: { by: 'service', intervalMs: 0, terms: silent } };
    await spend(120, AT - MINUTE);
    await others(AT - 20 * MINUTE, 60);
    for (let i = 0; i <= 20; i += 1) {
      const { queued } = await pollOf(only(), AT + i * MINUTE, more);
      expect(queued).toHaveLength(i === 0 ? 2 : 0);
      await allTried();
    }
    await spend(70, AT + 20 * MINUTE);
    expect((await pollOf(only(), AT + 21 * MINUTE, more)).queued).toEqual([]);
  });
});
