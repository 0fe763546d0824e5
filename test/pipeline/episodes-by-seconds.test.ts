import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import type { Rule } from '../../src/model/rule.ts';
import { type PollReport, poll } from '../../src/pipeline/poll.ts';
import { alertsQueuedBy, burn, openPollWorld, type PollWorld } from './poll-world.ts';

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** A time of the afternoon in question: `14:05:10`. */
const at = (time: string): number => Date.parse(`2026-11-20T${time}Z`);
const spend = (...times: string[]) => world.calls.log(...times.map((time) => ({ at: at(time), cost: 60 })));
const episodes = (keys: Record<string, unknown> = {}): Rule =>
  burn({ window: '10s', dedupe: 'episode', thresholds: undefined, threshold: 50, ...keys });

/** Polls one after the other; returns the beginnings of the alerts that each poll queued. */
async function beginningsQueued(
  rule: Rule,
  cron: string,
  times: readonly string[],
  onlyLatest = false,
): Promise<string[]> {
  const since: string[] = [];
  for (const time of times) {
    const schedule = cronSchedule(cron, 'UTC');
    const report: PollReport = await poll(world.parts([rule], { schedule }), at(time), () => at(time), {
      onlyLatest,
    });
    expect(report.error).toBeNull();
    since.push(
      ...alertsQueuedBy(report).flatMap(({ alerts }) => alerts.map((alert) => alert.since.slice(11, 19))),
    );
  }
  return since;
}
const TEN_SECONDS = '*/10 * * * * *';

describe('episodes on a schedule finer than a minute', () => {
  it('are notified each, since the instant at which they began, though a whole minute lies in the one before', async () => {
    await spend('14:04:55', '14:05:15');
    const times = ['14:04:50', '14:05:00', '14:05:10', '14:05:20', '14:05:30'];
    expect(await beginningsQueued(episodes(), TEN_SECONDS, times)).toEqual(['14:05:00', '14:05:20']);
  });

  it('are notified each with `for`, which looks at whole minutes', async () => {
    const everyFive = (from: string, count: number) =>
      world.calls.log(...Array.from({ length: count }, (_, i) => ({ at: at(from) + i * 5_000, cost: 60 })));
    // Up to 14:05:20 and from 14:05:30 on: at 14:05:30 it does not hold, and no whole minute says so.
    await everyFive('14:00:00', 64);
    await everyFive('14:05:30', 12);
    const rule = episodes({ for: '2m' });
    const times = ['14:05:10', '14:05:20', '14:05:30', '14:05:40', '14:05:50'];
    expect(await beginningsQueued(rule, TEN_SECONDS, times)).toEqual(['14:00:10', '14:05:40']);
  });

  it('that began in an unknown past are notified since the second at which they began', async () => {
    await spend('14:04:38');
    const minuteLong = episodes({ window: '1m' });
    expect(await beginningsQueued(minuteLong, TEN_SECONDS, ['14:05:30'])).toEqual(['14:04:40']);
  });

  it('that began before the span searched by the second begin at a second too', async () => {
    await spend('13:20:38', '13:40:00');
    const long = episodes({ window: '30m' });
    expect(await beginningsQueued(long, TEN_SECONDS, ['14:05:30'])).toEqual(['13:20:40']);
  });

  it('are caught up on, each once', async () => {
    await spend('14:04:55', '14:05:15');
    const rule = episodes();
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:04:40', '14:05:40'])).toEqual([
      '14:05:00',
      '14:05:20',
    ]);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:05:50'])).toEqual([]);
  });

  it('begin at the first instant of a schedule that was changed between two polls', async () => {
    await spend('14:05:15');
    const rule = episodes({ window: '1m' });
    expect(await beginningsQueued(rule, '* * * * *', ['14:04:00', '14:05:00'])).toEqual([]);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:05:30'])).toEqual(['14:05:20']);
    expect(await beginningsQueued(rule, '*/5 * * * *', ['14:10:00'])).toEqual([]);
  });

  it('begin anew where a clock was set back', async () => {
    await spend('14:04:55', '14:05:15');
    const rule = episodes();
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:05:20'])).toEqual(['14:05:20']);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:05:00'])).toEqual(['14:05:00']);
  });
});

describe('an episode that a check and a worker find', () => {
  it('is notified once where the worker lags behind the check', async () => {
    await spend('14:05:15');
    const rule = episodes({ window: '1m' });
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:05:10'])).toEqual([]);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:06:00'], true)).toEqual(['14:05:20']);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:06:10'])).toEqual([]);
  });

  it('is notified once where the worker is ahead of the check, whether it lasts or has ended', async () => {
    await spend('14:05:15');
    const rule = episodes({ window: '1m' });
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:05:10', '14:05:20', '14:06:10'])).toEqual([
      '14:05:20',
    ]);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:06:00'], true)).toEqual([]);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:06:20'])).toEqual([]);
    expect(await beginningsQueued(rule, TEN_SECONDS, ['14:06:00'], true)).toEqual([]);
  });

  it('is notified once where the check runs between two instants of the schedule', async () => {
    await spend('14:00:30');
    const rule = episodes({ window: '20m' });
    expect(await beginningsQueued(rule, '*/5 * * * *', ['14:00:00'])).toEqual([]);
    expect(await beginningsQueued(rule, '*/5 * * * *', ['14:01:00', '14:02:00'], true)).toEqual(['14:01:00']);
    expect(await beginningsQueued(rule, '*/5 * * * *', ['14:05:00', '14:10:00'])).toEqual([]);
    // The next one is another.
    await spend('14:40:30');
    expect(await beginningsQueued(rule, '*/5 * * * *', ['14:30:00', '14:45:00'])).toEqual(['14:45:00']);
  });
});
