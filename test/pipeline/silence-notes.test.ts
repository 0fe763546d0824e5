import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Rule, Silence } from '../../src/model/rule.ts';
import { addSilence } from '../../src/state/silences.ts';
import { silenced } from '../support/silenced.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { burn, DAY, HOUR, MINUTE, reasonsOf } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld(5 * MINUTE);
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const burned = (keys: Record<string, unknown> = {}): Rule =>
  burn({ notify: world.notify, window: '1h', ...keys });
const byUser = (): Rule => burned({ name: 'user-burn', group_by: ['user'] });

/** A warning that is told. */
async function opened(rules: readonly Rule[] = [burned()]): Promise<string> {
  await world.spend(60, AT - MINUTE);
  const [message] = world.toPeople(await world.poll(rules, AT));
  await world.allTried();
  return message?.incident?.id ?? '';
}

const add = (match: Partial<Silence>, forMs = 2 * HOUR) =>
  addSilence(
    world.calls.sql,
    { ...silenced(AT, AT + forMs, match), times: { from: AT, until: AT + forMs }, createdBy: 'ann@desk' },
    AT,
  );

describe('people who were told of an alert', () => {
  it('get a note when somebody silences it, once, and programs get none', async () => {
    await opened();
    await add({ match: { service: 'search' } });
    const report = await world.poll([burned()], AT + MINUTE);
    expect(reasonsOf(report)).toEqual(['silenced']);
    const [note, ...more] = world.toPeople(report);
    expect(more).toEqual([]);
    expect(note).toMatchObject({
      title: '[SILENCED] burn: search until 16:05 (load test, by ann@desk)',
      type: 'alert.firing',
      incident: { isNews: false, isClosed: false },
    });
    expect(note?.lead).toEqual([
      'Service search is silenced until 2026-11-20 16:05 UTC. Until then, people are only notified when it is over.',
    ]);
    expect(note?.footer).toHaveLength(1);
    expect(world.toPrograms(report)).toEqual([]);
    await world.allTried();
    expect((await world.poll([burned()], AT + 2 * MINUTE)).queued).toEqual([]);
  });

  it('get it at once, and once where two replicas poll at once', async () => {
    await opened();
    await add({ match: { service: 'search' } });
    const polls = [world.poll([burned()], AT + MINUTE), world.poll([burned()], AT + MINUTE)];
    const notes = (await Promise.all(polls)).flatMap((report) => world.toPeople(report));
    expect(notes).toHaveLength(1);
    const [row] = await world.calls.sql.query<{ next_at: Date }>(
      "SELECT next_at FROM spendwatch.delivery WHERE state = 'queued'",
    );
    expect(row?.next_at.getTime()).toBe(AT + MINUTE);
  });

  it('get one for all alerts of the incident that it fits, and none for those that join it later', async () => {
    const incident = await opened([burned(), byUser()]);
    await add({ incident });
    const more = burned({ name: 'model-burn', group_by: ['model'] });
    const [note] = world.toPeople(await world.poll([burned(), byUser()], AT + MINUTE));
    expect(note?.title).toBe('[SILENCED] burn: search until 16:05 (load test, by ann@desk) (+1 more)');
    await world.allTried();
    const report = await world.poll([burned(), byUser(), more], AT + 2 * MINUTE);
    expect([report.queued, reasonsOf(report)]).toEqual([[], ['silenced', 'silenced', 'silenced']]);
  });

  it('get another for another silence, such as one that lasts longer', async () => {
    await opened();
    await add({ match: { service: 'search' } });
    await world.poll([burned()], AT + MINUTE);
    await world.allTried();
    const longer = silenced(AT + MINUTE, AT + 20 * HOUR, { rule: 'burn', reason: '' });
    const silences = { silences: [longer] };
    const [note] = world.toPeople(await world.poll([burned()], AT + 2 * MINUTE, silences));
    expect(note?.title).toBe('[SILENCED] burn: search until 2026-11-21 10:05 UTC');
  });

  it('get one for each occurrence of a silence that comes again', async () => {
    const steady = Array.from({ length: 40 }, (_, i) => ({ at: AT - MINUTE + i * HOUR, cost: 60 }));
    await world.calls.log(...steady.map((call) => ({ ...call, service: 'search' })));
    const rule = burned({ dedupe: 'episode', window: '2h' });
    await world.poll([rule], AT);
    await world.allTried();
    const nightly: Silence = {
      ...silenced(0, 0),
      match: { service: 'search' },
      times: { every: '0 2 * * *', zone: 'Europe/Berlin', lastsMs: 3 * HOUR },
      reason: 're-index',
    };
    const titles: string[] = [];
    for (let at = AT + HOUR; at < AT + 40 * HOUR; at += HOUR) {
      for (const { title } of world.toPeople(await world.poll([rule], at, { silences: [nightly] })))
        if (title.startsWith('[SILENCED]')) titles.push(title);
      await world.allTried();
    }
    expect(titles).toEqual([
      '[SILENCED] burn: search until 04:00 (re-index)',
      '[SILENCED] burn: search until 04:00 (re-index)',
    ]);
  });

  it('get it with what was not sent yet, as one message', async () => {
    await world.spend(60, AT - MINUTE);
    await world.poll([burned()], AT);
    await add({ match: { service: 'search' } });
    const [message] = world.toPeople(await world.poll([burned()], AT + MINUTE));
    expect(message?.title).toMatch(/^\[WARNING\] burn: search \$60\.00/);
    expect(message?.sections[0]?.facts).toContainEqual(['Silenced', 'until 16:05 (load test, by ann@desk)']);
    const queued = await world.calls.sql.query("SELECT FROM spendwatch.delivery WHERE channel = 'people'");
    expect(queued).toHaveLength(1);
  });

  it('get it also on channels with a message per rule, and where ends are not sent', async () => {
    await opened();
    await add({ match: { service: 'search' } });
    const terms = new Map([['people', { byIncident: false, sendResolved: false }]]);
    const incidents = { by: 'service', intervalMs: 0, terms };
    const [note] = world.toPeople(await world.poll([burned()], AT + MINUTE, { incidents }));
    expect(note?.title).toMatch(/^\[SILENCED\] burn: search until 16:05/);
  });
});

describe('nobody gets a note', () => {
  it('of a silence of what was not told', async () => {
    await add({ match: { service: 'search' } });
    await world.spend(60, AT - MINUTE);
    const report = await world.poll([burned()], AT);
    expect([report.queued, reasonsOf(report)]).toEqual([[], ['silenced']]);
  });

  it('of a silence that was over when its time was made up for', async () => {
    await opened();
    await add({ match: { service: 'search' } }, 30 * MINUTE);
    const report = await world.poll([burned({ dedupe: 'day' })], AT + 40 * MINUTE);
    expect(world.toPeople(report).map(({ title }) => title)).toEqual([]);
  });
});

it('the end of an alert says that it is over, after a note', async () => {
  await opened([burned({ window: '10m', resolve_after: '1m' })]);
  await add({ match: { service: 'search' } }, DAY);
  await world.others(AT - 10 * MINUTE, 40);
  const titles: string[] = [];
  for (let i = 1; i <= 12; i += 1) {
    const report = await world.poll([burned({ window: '10m', resolve_after: '1m' })], AT + i * MINUTE);
    for (const { title } of world.toPeople(report)) titles.push(title);
    await world.allTried();
  }
  expect(titles).toEqual([
    '[SILENCED] burn: search until 2026-11-21 14:05 UTC (load test, by ann@desk)',
    expect.stringMatching(/^\[RESOLVED\] burn: search back to normal after 10 min/),
  ]);
});
