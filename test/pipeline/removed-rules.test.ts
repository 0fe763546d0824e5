import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Rule } from '../../src/model/rule.ts';
import { poll } from '../../src/pipeline/poll.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';
import { burn, DAY, HOUR, MINUTE } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

let world: IncidentWorld;
beforeAll(async () => {
  world = await openIncidentWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** By user and of the same incident, for one that stays. */
const burned = (keys: Record<string, unknown> = {}): Rule => burn({ notify: world.notify, ...keys });
const byUser = (keys: Record<string, unknown> = {}): Rule =>
  burned({ name: 'user-burn', group_by: ['user'], ...keys });

async function toldOf(rules: readonly Rule[]): Promise<void> {
  await world.spend(120, AT - MINUTE);
  expect(world.toPeople(await world.poll(rules, AT))).toHaveLength(1);
  await world.allTried();
}

describe('the alert of a rule that the file does not have any more', () => {
  it('ends at the next poll: programs get an event, people hear nothing', async () => {
    await toldOf([burned()]);
    const report = await world.poll([byUser({ thresholds: { warning: 5_000 } })], AT + MINUTE);
    expect(world.toPeople(report)).toEqual([]);
    expect(world.toPrograms(report)).toMatchObject([
      { type: 'alert.resolved', data: { rule: 'burn', alerts: [{ reason: 'ended' }] } },
    ]);
    expect(await world.openAlerts()).toEqual([]);
    expect(await world.incidents()).toMatchObject([{ closed_at: new Date(AT + MINUTE) }]);
    expect((await world.poll([byUser()], AT + 20 * MINUTE)).queued).toEqual([]);
    expect(await world.calls.sql.query('SELECT FROM spendwatch.episode')).toEqual([]);
  });

  it('ends where no rule is left that could be evaluated', async () => {
    await toldOf([burned()]);
    expect(world.toPrograms(await world.poll([], AT + MINUTE))).toHaveLength(1);
    expect(await world.openAlerts()).toEqual([]);
  });

  it('ends where its limit was changed, and the new rule goes on with its incident', async () => {
    await toldOf([burned()]);
    const report = await world.poll([burned({ thresholds: { warning: 60 } })], AT + MINUTE);
    expect(world.toPrograms(report).map(({ data }) => data.alerts[0]?.reason)).toEqual(['new', 'ended']);
    expect(await world.openAlerts()).toHaveLength(1);
    expect(await world.incidents()).toMatchObject([{ closed_at: null }]);
  });

  it('goes on for programs that know rules by name where the edited rule fires as well', async () => {
    const edited = [burned({ thresholds: { warning: 60, critical: 110 } })];
    await toldOf([burned()]);
    const resolvedAt = (report: Awaited<ReturnType<typeof world.poll>>) =>
      world.messagesToPrograms(report).map(({ alerts }) => alerts[0]?.resolvedAt);
    expect(resolvedAt(await world.poll(edited, AT + MINUTE))).toEqual([null, null]);
    await world.clear();
    await toldOf([burned()]);
    // On a rollout, the edited rule was told of before.
    const old = { scope: 'old', token: 'their', file: 'alerts.yaml' };
    await world.state.hold(old, HOUR);
    expect(resolvedAt(await world.poll(edited, AT + MINUTE))).toEqual([null]);
    await world.state.release(old);
    expect(resolvedAt(await world.poll(edited, AT + 2 * MINUTE))).toEqual([null]);
    await world.clear();
    await toldOf([burned()]);
    const milder = [burned({ thresholds: { warning: 60 } })];
    expect(resolvedAt(await world.poll(milder, AT + MINUTE))).toEqual([null, AT + MINUTE]);
  });

  it('is ended by a check where no worker polls', async () => {
    await toldOf([burned()]);
    const left = [byUser({ thresholds: { warning: 5_000 } })];
    const worker = { scope: 'old', token: 'their', file: 'alerts.yaml' };
    await world.state.hold(worker, HOUR);
    await poll(world.parts(left), AT + MINUTE, () => AT + MINUTE, { onlyLatest: true });
    expect(await world.openAlerts()).toHaveLength(1);
    await world.state.release(worker);
    await poll(world.parts(left), AT + MINUTE, () => AT + MINUTE, { onlyLatest: true });
    expect(await world.openAlerts()).toEqual([]);
  });

  it('leaves its incident open while another alert of it holds, whose end is told', async () => {
    await toldOf([burned(), byUser({ resolve_after: '1m' })]);
    await world.others(AT, 30);
    const report = await world.poll([byUser({ resolve_after: '1m' })], AT + MINUTE);
    expect(world.toPeople(report)).toEqual([]);
    expect(await world.incidents()).toMatchObject([{ closed_at: null }]);
    for (let i = 2; i <= 10; i += 1) await world.poll([byUser({ resolve_after: '1m' })], AT + i * MINUTE);
    const [last] = world.toPeople(await world.poll([byUser({ resolve_after: '1m' })], AT + 11 * MINUTE));
    expect(last?.title).toMatch(/^\[RESOLVED\] user-burn: svc-indexer back to normal after /);
    expect(last?.incident?.isClosed).toBe(true);
    expect(last?.alerts).toHaveLength(1);
  });

  it('does not silence the resolution of others of its incident, which waited for it', async () => {
    await toldOf([burned({ window: '1h', resolve_after: '1m' }), byUser({ resolve_after: '1m' })]);
    await world.others(AT, 30);
    const both = [burned({ window: '1h', resolve_after: '1m' }), byUser({ resolve_after: '1m' })];
    for (let i = 1; i <= 14; i += 1)
      expect(world.toPeople(await world.poll(both, AT + i * MINUTE))).toEqual([]);
    const [message] = world.toPeople(await world.poll([both[1] as Rule], AT + 15 * MINUTE));
    expect(message?.title).toMatch(/^\[RESOLVED\] user-burn/);
  });

  it('is left alone where only some of the rules are polled', async () => {
    await toldOf([burned(), byUser()]);
    const { file } = world.parts([burned(), byUser()]);
    await world.poll([byUser()], AT + MINUTE, { file });
    expect(await world.openAlerts()).toHaveLength(2);
  });

  it('is left alone by another file, until nobody has evaluated its rule for a day', async () => {
    await toldOf([burned()]);
    const others = [byUser({ thresholds: { warning: 5_000 } })];
    const { file } = world.parts(others);
    const other = { file: { ...file, id: 'other.yaml' } };
    await world.poll(others, AT + DAY, other);
    expect(await world.openAlerts()).toHaveLength(1);
    await world.poll(others, AT + DAY + MINUTE, other);
    expect(await world.openAlerts()).toEqual([]);
  });

  it('is left alone while another worker polls by the version of the file that has it', async () => {
    await toldOf([burned()]);
    const old = { scope: 'old', token: 'their', file: 'alerts.yaml' };
    await world.state.hold(old, HOUR);
    const left = [byUser({ thresholds: { warning: 5_000 } })];
    await world.poll(left, AT + MINUTE);
    expect(await world.openAlerts()).toHaveLength(1);
    // A reload keeps the lease of the version before for a moment, and it is this process's own.
    const parts = world.parts(left);
    const { state } = parts;
    const leader = { ...old, scope: 'new' };
    await poll(
      {
        ...parts,
        state: { ...state, record: (all, now, options) => state.record(all, now, { ...options, leader }) },
      },
      AT + 2 * MINUTE,
      () => AT + 2 * MINUTE,
    );
    expect(await world.openAlerts()).toEqual([]);
    await world.state.release(old);
  });

  it('ends once where two replicas end it at once', async () => {
    await toldOf([burned()]);
    const left = [byUser({ thresholds: { warning: 5_000 } })];
    const reports = await Promise.all([world.poll(left, AT + MINUTE), world.poll(left, AT + MINUTE)]);
    expect(reports.flatMap((report) => world.toPrograms(report))).toHaveLength(1);
  });

  it('lets what was queued of it be sent', async () => {
    await world.spend(120, AT - MINUTE);
    await world.poll([burned()], AT);
    await world.poll([byUser({ thresholds: { warning: 5_000 } })], AT + MINUTE);
    const queued = await world.calls.sql.query<{ channel: string; message: string }>(
      `SELECT channel, message FROM spendwatch.delivery WHERE state = 'queued' ORDER BY created_at, channel`,
    );
    expect(
      queued.map(({ channel, message }) => [channel, (JSON.parse(message) as { type: string }).type]),
    ).toEqual([
      ['people', 'alert.firing'],
      ['programs', 'alert.firing'],
      ['programs', 'alert.resolved'],
    ]);
  });
});

it('an alert without data for a day ends without a word to people', async () => {
  await toldOf([burned()]);
  for (let i = 1; i <= 24; i += 1) {
    const report = await world.poll([burned()], AT + i * HOUR);
    expect(report.queued).toEqual([]);
  }
  const report = await world.poll([burned()], AT + 25 * HOUR);
  expect(world.toPeople(report)).toEqual([]);
  expect(world.toPrograms(report)).toMatchObject([{ data: { alerts: [{ reason: 'ended' }] } }]);
  expect(await world.incidents()).toMatchObject([{ closed_at: expect.any(Date) }]);
});
