import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../../src/model/message.ts';
import type { Rule } from '../../src/model/rule.ts';
import { type PollReport, poll } from '../../src/pipeline/poll.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { burn, MINUTE } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
const GATHERED = 5 * MINUTE;

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld(GATHERED);
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const notify = ['people', 'programs'];

/** A loop's rules: by service, by user, by model, and in all. */
const four = (): Rule[] => [
  burn({ notify }),
  burn({ name: 'user-burn', group_by: ['user'], notify }),
  burn({ name: 'model-burn', group_by: ['model'], notify }),
  burn({ name: 'burn-in-all', group_by: [], notify }),
];

const queuedTo = async (channel: string) =>
  world.calls.sql.query<{ next_at: Date; message: string }>(
    "SELECT next_at, message FROM spendwatch.delivery WHERE channel = $1 AND state = 'queued'",
    [channel],
  );

describe('one retry loop and four rules', () => {
  it('are one message for people, and an event per rule for programs, of one incident', async () => {
    await world.spend(120, AT - MINUTE);
    const report = await world.poll(four(), AT);
    const [message, ...more] = world.toPeople(report);
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
    const events = world.toPrograms(report);
    expect(events.map(({ data }) => data.rule)).toEqual(['burn', 'user-burn', 'model-burn', 'burn-in-all']);
    expect(new Set(events.flatMap(({ data }) => data.alerts.map(({ incident }) => incident)))).toEqual(
      new Set([message?.incident?.id]),
    );
    expect(events[0]?.data.alerts[0]).toMatchObject({ reason: 'new', previous: null });
  });

  it('stay one incident where two processes poll at once', async () => {
    await world.spend(120, AT - MINUTE);
    const rules = four();
    const parts = (list: Rule[]) => world.parts(list, world.changes);
    await Promise.all(rules.map((rule) => poll(parts([rule]), AT, () => AT)));
    const incidents = await world.calls.sql.query('SELECT id FROM spendwatch.incident');
    expect(incidents).toHaveLength(1);
    expect(await world.calls.sql.query('SELECT FROM spendwatch.alert')).toHaveLength(4);
  });

  it('are an incident of the rule where no service makes half of it', async () => {
    await world.calls.log(
      ...['a', 'b', 'c'].map((service) => ({ at: AT - MINUTE, cost: 40, service, user: 'u' })),
    );
    const [message] = world.toPeople(await world.poll([burn({ group_by: ['user'], notify })], AT));
    expect(message?.incident?.subject).toBe('rule burn');
  });
});

describe('an alert that joins an open incident', () => {
  it('waits for others, but a higher severity does not', async () => {
    await world.spend(60, AT - MINUTE);
    const all = four();
    await world.poll(all.slice(0, 1), AT);
    await world.allTried();
    const [held] = world.toPeople(await world.poll(all.slice(0, 2), AT + MINUTE));
    expect(held?.rule).toBe('user-burn');
    const [queued] = await queuedTo('people');
    expect(queued?.next_at.getTime()).toBe(AT + MINUTE + GATHERED);
    // The next one is told together with it, and at the same time.
    await world.poll(all.slice(0, 3), AT + 2 * MINUTE);
    const [together, ...none] = await queuedTo('people');
    expect(none).toEqual([]);
    expect(together?.next_at.getTime()).toBe(AT + MINUTE + GATHERED);
    expect((JSON.parse(together?.message ?? '') as Message).sections).toHaveLength(2);
    await world.spend(60, AT + 2 * MINUTE);
    await world.poll(all.slice(0, 3), AT + 3 * MINUTE);
    const [urgent] = await queuedTo('people');
    expect(urgent?.next_at.getTime()).toBe(AT + 3 * MINUTE);
  });
});

describe('an incident that is over', () => {
  const only = (): Rule[] => [burn({ notify, resolve_after: '5m' })];

  /** Fires at AT, and polls each minute until it is over; returns the last report. */
  async function overAfter(minutes: number): Promise<PollReport> {
    await world.spend(120, AT - MINUTE);
    await world.others(AT - 20 * MINUTE, 60);
    let report = await world.poll(only(), AT);
    await world.allTried();
    for (let i = 1; i <= minutes; i += 1) report = await world.poll(only(), AT + i * MINUTE);
    return report;
  }

  it('is told once, with its end, its peak and its value now', async () => {
    expect(world.toPeople(await overAfter(14))).toEqual([]);
    const report = await world.poll(only(), AT + 15 * MINUTE);
    const [message] = world.toPeople(report);
    expect(message).toMatchObject({ type: 'alert.resolved', incident: { isClosed: true } });
    expect(message?.title).toBe('[RESOLVED] burn: search back to normal after 10 min');
    expect(world.toPrograms(report)).toMatchObject([
      {
        type: 'alert.resolved',
        data: {
          rule: 'burn',
          alerts: [{ reason: 'resolved', resolved_at: '2026-11-20T14:15:00Z', peak: 120, value_now: 0 }],
        },
      },
    ]);
    expect(world.toPeople(await world.poll(only(), AT + 16 * MINUTE))).toEqual([]);
  });

  it('is reopened by the same alert, which is news', async () => {
    const [first] = world.toPeople(await overAfter(15));
    await world.allTried();
    await world.spend(70, AT + 20 * MINUTE);
    const again = await world.poll(only(), AT + 21 * MINUTE);
    const [message] = world.toPeople(again);
    expect(message?.incident?.id).toBe(first?.incident?.id);
    expect(message?.sections[0]?.facts).toContainEqual([
      'Again because',
      'it fires again after it was resolved; notified before at 2026-11-20 14:05 UTC: $120.00',
    ]);
    expect(world.toPrograms(again)[0]?.data.alerts[0]).toMatchObject({
      reason: 'reopened',
      previous: { value: 120, severity: 'critical', at: '2026-11-20T14:05:00Z' },
    });
  });

  it('is one message where nothing of it was sent yet: that it began and that it is over', async () => {
    await world.spend(120, AT - MINUTE);
    await world.others(AT - 20 * MINUTE, 60);
    for (let i = 0; i <= 15; i += 1) await world.poll(only(), AT + i * MINUTE);
    const queued = await queuedTo('people');
    expect(queued).toHaveLength(1);
    expect(JSON.parse(queued[0]?.message ?? '')).toMatchObject({ type: 'alert.resolved' });
  });

  it('is not told by channels that want no ends, and fires again as a duplicate', async () => {
    const silent = new Map(notify.map((name) => [name, { byIncident: true, sendResolved: false }]));
    const more = { incidents: { by: 'service', intervalMs: 0, terms: silent } };
    await world.spend(120, AT - MINUTE);
    await world.others(AT - 20 * MINUTE, 60);
    for (let i = 0; i <= 20; i += 1) {
      const { queued } = await world.poll(only(), AT + i * MINUTE, more);
      expect(queued).toHaveLength(i === 0 ? 2 : 0);
      await world.allTried();
    }
    await world.spend(70, AT + 20 * MINUTE);
    expect((await world.poll(only(), AT + 21 * MINUTE, more)).queued).toEqual([]);
  });
});
