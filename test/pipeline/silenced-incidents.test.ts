import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { groupId } from '../../src/model/fingerprint.ts';
import type { Rule } from '../../src/model/rule.ts';
import { addSilence, endSilence, peekSilences } from '../../src/state/silences.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { silenced } from '../support/silenced.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { burn, HOUR, MINUTE, reasonsOf } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const burned = (keys: Record<string, unknown> = {}): Rule =>
  burn({ notify: world.notify, resolve_after: '1m', ...keys });
const byUser = (keys: Record<string, unknown> = {}): Rule =>
  burned({ name: 'user-burn', group_by: ['user'], ...keys });

/** A warning that is told; returns its incident. */
async function opened(rules: readonly Rule[]): Promise<string> {
  await world.others(AT - 10 * MINUTE, 90);
  await world.spend(60, AT - MINUTE);
  const [message] = world.toPeople(await world.poll(rules, AT));
  await world.allTried();
  return message?.incident?.id ?? '';
}

const silence = (incident: string, forMs = 2 * HOUR) =>
  addSilence(
    world.calls.sql,
    {
      ...silenced(AT, AT + forMs, { incident }),
      times: { from: AT, until: AT + forMs },
      createdBy: 'ann@desk',
    },
    AT,
  );

describe('a silence of an incident', () => {
  it('fits the alerts that it has, and no other incident', async () => {
    const incident = await opened([burned()]);
    await silence(incident);
    await world.spend(60, AT);
    await world.spend(60, AT, 'chat');
    const report = await world.poll([burned()], AT + MINUTE);
    expect(reasonsOf(report)).toEqual(['silenced', 'new']);
    expect(world.toPrograms(report).flatMap(({ data }) => data.alerts)).toHaveLength(1);
  });

  it('fits alerts that join it, whose subject is looked for once', async () => {
    await silence(await opened([burned()]));
    let reads = 0;
    const store: AuditStore = {
      ...world.calls.store,
      read: (asked, before) => {
        if (asked.some(({ groupBy }) => groupBy.includes('service') && groupBy.includes('user'))) reads += 1;
        return world.calls.store.read(asked, before);
      },
    };
    const both = [burned(), byUser()];
    const first = await world.poll(both, AT + MINUTE, { store, source: world.calls.store });
    const note = '[SILENCED] burn: search until 16:05 (load test, by ann@desk)';
    expect(first.queued.map(({ message: { title } }) => title)).toEqual([note]);
    expect(reasonsOf(first)).toEqual(['silenced', 'silenced']);
    await world.allTried();
    expect(reads).toBe(1);
    const second = await world.poll(both, AT + 2 * MINUTE, { store, source: world.calls.store });
    expect([second.queued, reasonsOf(second)]).toEqual([[], ['silenced', 'silenced']]);
    expect(reads).toBe(1);
  });

  it('is seen by a check, for alerts that it has and for those that joined it', async () => {
    const incident = await opened([burned()]);
    const both = [burned(), byUser()];
    await silence(incident);
    await world.poll(both, AT + MINUTE);
    const { silences, incidentOf } = await peekSilences(world.calls.sql, AT + MINUTE, []);
    expect(silences).toMatchObject([{ incident }]);
    const { fingerprints } = world.parts(both);
    const seen = (rule: string, value: string) =>
      incidentOf?.(fingerprints.get(rule) ?? '', groupId([value]));
    expect(seen('burn', 'search')).toBe(incident);
    expect(seen('user-burn', 'svc-indexer')).toBe(incident);
    expect(seen('burn', 'chat')).toBeNull();
  });

  it('keeps it open until what joined it is over, and tells the end of what was told', async () => {
    const both = [burned(), byUser({ window: '30m' })];
    await silence(await opened([burned()]));
    const ofPeople: string[] = [];
    for (let i = 1; i <= 35; i += 1) {
      const report = await world.poll(both, AT + i * MINUTE);
      for (const { title } of world.toPeople(report)) ofPeople.push(`${i}: ${title}`);
      await world.allTried();
    }
    expect(ofPeople[0]).toMatch(/^1: \[SILENCED\] burn: search until/);
    expect(ofPeople.slice(1)).toEqual(['31: [RESOLVED] burn: search back to normal after 10 min']);
    expect(await world.incidents()).toMatchObject([{ closed_at: new Date(AT + 30 * MINUTE) }]);
  });

  it('lets what joined it be told when it ends, as news of the same incident', async () => {
    const incident = await opened([burned()]);
    const { id } = await silence(incident);
    const both = [burned(), byUser({ window: '1h' })];
    await world.poll(both, AT + MINUTE);
    await endSilence(world.calls.sql, id, AT + 2 * MINUTE);
    const [message] = world.toPeople(await world.poll(both, AT + 2 * MINUTE));
    expect(message?.title).toContain('user-burn: svc-indexer');
    expect(message?.incident?.id).toBe(incident);
  });

  it('lets an escalation be told when it ends', async () => {
    const { id } = await silence(await opened([burned({ window: '1h' })]));
    await world.spend(60, AT);
    expect(reasonsOf(await world.poll([burned({ window: '1h' })], AT + MINUTE))).toEqual(['silenced']);
    await endSilence(world.calls.sql, id, AT + 2 * MINUTE);
    const report = await world.poll([burned({ window: '1h' })], AT + 2 * MINUTE);
    expect(reasonsOf(report)).toEqual(['escalated']);
    expect(world.toPeople(report)).toHaveLength(1);
  });

  it('fits an alert that would reopen it', async () => {
    const incident = await opened([burned()]);
    for (let i = 1; i <= 12; i += 1) await world.poll([burned()], AT + i * MINUTE);
    expect(await world.incidents()).toMatchObject([{ id: incident, closed_at: expect.any(Date) }]);
    await silence(incident);
    await world.spend(70, AT + 20 * MINUTE);
    expect(reasonsOf(await world.poll([burned()], AT + 21 * MINUTE))).toEqual(['silenced']);
    expect(await world.incidents()).toMatchObject([{ id: incident, closed_at: expect.any(Date) }]);
  });

  it('does not fit an alert of its subject after it is over', async () => {
    const incident = await opened([burned()]);
    await silence(incident);
    for (let i = 1; i <= 12; i += 1) await world.poll([burned()], AT + i * MINUTE);
    await world.spend(70, AT + 20 * MINUTE);
    const other = burned({ name: 'in-all', group_by: ['service'], window: '5m' });
    const [message] = world.toPeople(await world.poll([burned(), other], AT + 21 * MINUTE));
    expect(message?.incident?.id).not.toBe(incident);
    expect(message?.sections).toHaveLength(1);
  });
});

describe('a silence of a service', () => {
  const ofService = (from: number, until: number) => ({
    silences: [silenced(from, until, { match: { service: 'search' } })],
  });

  it('does not keep the end of what was told from people', async () => {
    await opened([burned()]);
    const silent = ofService(AT + MINUTE, AT + 3 * HOUR);
    for (let i = 1; i <= 10; i += 1)
      expect(
        (await world.poll([burned()], AT + i * MINUTE, silent)).queued.map(({ message }) => message.type),
      ).not.toContain('alert.resolved');
    const report = await world.poll([burned()], AT + 11 * MINUTE, silent);
    expect(world.toPeople(report).map(({ title }) => title)).toEqual([
      '[RESOLVED] burn: search back to normal after 10 min',
    ]);
    expect(world.toPrograms(report)).toMatchObject([{ type: 'alert.resolved' }]);
  });
});

it('an alert that fires again as a duplicate keeps its incident open', async () => {
  const both = [burned(), byUser({ window: '30m' })];
  // Nobody is told that one of several alerts is over, so it is no news when it fires again.
  const terms = new Map([['people', { byIncident: true, sendResolved: true }]]);
  terms.set('programs', { byIncident: true, sendResolved: false });
  const more = { incidents: { by: 'service', intervalMs: 0, terms } };
  await opened(both);
  await world.spend(55, AT + 25 * MINUTE);
  for (let i = 1; i <= 25; i += 1) await world.poll(both, AT + i * MINUTE, more);
  expect(await world.openAlerts()).toHaveLength(1);
  expect(
    reasonsOf(await world.poll([burned()], AT + 26 * MINUTE, { ...more, file: world.parts(both).file })),
  ).toEqual(['duplicate']);
  expect(await world.openAlerts()).toHaveLength(2);
});
