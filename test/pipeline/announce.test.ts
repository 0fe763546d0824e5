import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alertsQueuedBy, burn, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const spends = (costs: readonly number[]) =>
  costs.map((cost, i) => ({ at: AT - MINUTE, user: `u${i}`, cost }));
const byUser = (keys: Record<string, unknown> = {}) => burn({ group_by: ['user'], ...keys });

describe('the notifications of a rule', () => {
  it('go out as one message, the largest ten shown and the rest counted', async () => {
    await world.calls.log(...spends(Array.from({ length: 1500 }, (_, i) => 100 + ((i * 7) % 1500))));
    const report = await world.poll([byUser()], AT);
    const [queued, ...others] = alertsQueuedBy(report);
    expect(others).toEqual([]);
    expect(queued?.more).toBe(1490);
    expect(queued?.alerts.map(({ finding }) => finding.value)).toEqual(
      Array.from({ length: 10 }, (_, i) => 1599 - i),
    );
    // Only what is shown is explained.
    expect(report.queued[0]?.body).toContain(
      '"breakdown":{"model":[{"key":"gpt-4.1","value":1599,"calls":1}]',
    );
  });

  it('reach each channel by severity, with the largest of its alerts', async () => {
    const notify = { warning: ['finance'], critical: ['finance', 'pager'], info: [] };
    await world.calls.log(...spends([120, 60, ...Array.from({ length: 11 }, (_, i) => 200 + i)]));
    const report = await world.poll([byUser({ notify })], AT);
    const queued = new Map(alertsQueuedBy(report).map((one) => [one.channel, one]));
    expect([...queued.keys()].sort()).toEqual(['finance', 'pager']);
    expect(queued.get('finance')).toMatchObject({ severity: 'critical', more: 3 });
    expect(queued.get('pager')).toMatchObject({ severity: 'critical', more: 2 });
    expect(report.queued.map(({ others }) => others)).toEqual([['pager'], ['finance']]);
  });

  it('of a milder severity alone make no message for the channels of a higher one', async () => {
    await world.calls.log(...spends([60]));
    const report = await world.poll([byUser({ notify: { warning: ['finance'], critical: ['pager'] } })], AT);
    expect(alertsQueuedBy(report)).toMatchObject([{ channel: 'finance', severity: 'warning' }]);
  });

  it('are listed smallest first where low is bad', async () => {
    await world.calls.log(...spends(Array.from({ length: 12 }, (_, i) => i + 1)));
    const low = byUser({ thresholds: undefined, threshold: 20, operator: '<' });
    const [queued] = alertsQueuedBy(await world.poll([low], AT));
    expect(queued?.alerts.map(({ finding }) => finding.value)).toEqual(
      Array.from({ length: 10 }, (_, i) => i + 1),
    );
  });

  it('have a delivery id that is the same for the same notifications, and another for each channel', async () => {
    await world.calls.log(...spends([60]));
    const rule = byUser({ notify: ['oncall', 'pager'] });
    const first = await world.poll([rule], AT);
    await world.forget();
    const again = await world.poll([rule], AT);
    const ids = (report: typeof first) => report.queued.map(({ id }) => id);
    expect(ids(again)).toEqual(ids(first));
    expect(new Set(ids(first)).size).toBe(2);
  });

  it('make no message for a channel that the file no longer has', async () => {
    await world.calls.log(...spends([60]));
    const report = await world.poll([byUser({ notify: ['gone', 'oncall'] })], AT);
    expect(alertsQueuedBy(report).map(({ channel }) => channel)).toEqual(['oncall']);
  });
});
