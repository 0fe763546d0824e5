import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { SendError } from '../../src/model/errors.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { Query } from '../../src/model/series.ts';
import { collect } from '../../src/pipeline/collect.ts';
import { createDeliverer } from '../../src/pipeline/deliver.ts';
import type { PollParts } from '../../src/pipeline/parts.ts';
import { poll } from '../../src/pipeline/poll.ts';
import { openLiveSums } from '../../src/sums/live/live-sums.ts';
import { startScheduler } from '../../src/worker/scheduler.ts';
import {
  alertsQueuedBy,
  burn,
  DAY,
  HOUR,
  MINUTE,
  openPollWorld,
  type PollWorld,
} from '../pipeline/poll-world.ts';
import { scaled } from '../support/scaled.ts';
import { comparable } from '../support/series-cells.ts';
import { seedOf } from './seed.ts';
import { TIMES, wholeDays } from './whole-days.ts';

const SEED = seedOf('time');

// Those whose arithmetic is oddest, and one on the other engine; a study plays all of them on both.
wholeDays(
  'postgres',
  TIMES.filter(([zone]) => /Lord_Howe|Havana/.test(zone)),
);
wholeDays(
  'pglite',
  TIMES.filter(([zone]) => zone === 'UTC'),
);

/** A stretch of a played time: it goes on for some ms, or the clock is set by some (a machine that slept, too). */
type Stretch = { readonly goOn: number } | { readonly set: number };

/** A poll that the scheduler asked for: as of when, what the worker's clock said, and how long had really gone by. */
interface Asked {
  readonly at: number;
  readonly clock: number;
  readonly gone: number;
}

const START = Date.parse('2026-11-20T14:00:30Z');

/** What the real scheduler asks for while a clock is played to it. */
async function askedFor(
  expression: string,
  stretches: readonly Stretch[],
  pollMs: (nth: number) => number = () => 0,
): Promise<Asked[]> {
  vi.useFakeTimers({
    now: START,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  });
  try {
    const asked: Asked[] = [];
    let set = 0;
    let polling = 0;
    const poll = async (at: number): Promise<void> => {
      polling += 1;
      expect(polling).toBe(1);
      asked.push({ at, clock: Date.now(), gone: Date.now() - set - START });
      const ms = pollMs(asked.length);
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      polling -= 1;
    };
    const scheduler = startScheduler(
      { poll, deliver: () => undefined },
      cronSchedule(expression, 'UTC'),
      Date.now,
    );
    for (const stretch of stretches) {
      if ('goOn' in stretch) await vi.advanceTimersByTimeAsync(stretch.goOn);
      else {
        set += stretch.set;
        vi.setSystemTime(Date.now() + stretch.set);
      }
    }
    await scheduler.stop();
    return asked;
  } finally {
    vi.useRealTimers();
  }
}

const instantsOf = (asked: readonly Asked[]): string[] =>
  asked.map(({ at }) => new Date(at).toISOString().slice(5, 19));

describe('the scheduler', () => {
  it('polls every minute again when the clock was set back an hour', async () => {
    const asked = await askedFor('* * * * *', [{ goOn: 2 * MINUTE }, { set: -HOUR }, { goOn: 3 * MINUTE }]);
    expect(instantsOf(asked)).toEqual([
      '11-20T14:00:00',
      '11-20T14:01:00',
      '11-20T14:02:00',
      '11-20T13:03:00',
      '11-20T13:04:00',
      '11-20T13:05:00',
    ]);
  });

  it('polls once as of the newest instant when the clock was set a day ahead, and goes on from there', async () => {
    const asked = await askedFor('* * * * *', [{ goOn: 2 * MINUTE }, { set: DAY }, { goOn: 2 * MINUTE }]);
    expect(instantsOf(asked).slice(3)).toEqual(['11-21T14:02:00', '11-21T14:03:00', '11-21T14:04:00']);
  });

  it('polls within two seconds of waking what fell due while the machine slept, though it is due once a day', async () => {
    const asked = await askedFor('0 20 * * *', [{ goOn: MINUTE }, { set: 10 * HOUR }, { goOn: 5 * MINUTE }]);
    expect(instantsOf(asked)).toEqual(['11-19T20:00:00', '11-20T20:00:00']);
    expect((asked[1]?.gone ?? 0) - MINUTE).toBeLessThanOrEqual(2_000);
  });

  it('polls an instant that passed while the process was busy, though it is due once an hour', async () => {
    const asked = await askedFor('1 * * * *', [{ goOn: 29_500 }, { set: 3_000 }, { goOn: 5 * MINUTE }]);
    expect(instantsOf(asked)).toEqual(['11-20T13:01:00', '11-20T14:01:00']);
  });

  it('asks for no instant twice when the clock is set back by less than its grain', async () => {
    const asked = await askedFor('* * * * *', [{ goOn: 31_000 }, { set: -2_000 }, { goOn: 2 * MINUTE }]);
    expect(instantsOf(asked)).toEqual(['11-20T14:00:00', '11-20T14:01:00', '11-20T14:02:00']);
  });

  it('polls the newest instant, and it alone, after a poll that took longer than the interval', async () => {
    const asked = await askedFor('* * * * *', [{ goOn: 6 * MINUTE }], (nth) => (nth === 2 ? 150_000 : 0));
    expect(instantsOf(asked)).toEqual([
      '11-20T14:00:00',
      '11-20T14:01:00',
      '11-20T14:03:00',
      '11-20T14:04:00',
      '11-20T14:05:00',
      '11-20T14:06:00',
    ]);
  });

  it('neither skips an instant nor polls one twice, however the clock is set', async () => {
    const minutes = fc.integer({ min: 1, max: 20 }).map((count) => count * MINUTE + 7_000);
    const sets = fc.oneof(
      fc.integer({ min: -2 * HOUR, max: 2 * HOUR }),
      fc.constantFrom(-DAY, -HOUR, -59_000, -61_000, -500, 500, 61_000, HOUR, 10 * HOUR, DAY),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(minutes, sets), { minLength: 1, maxLength: 5 }), async (script) => {
        const asked = await askedFor(
          '* * * * *',
          script.flatMap(([goOn, set]) => [{ goOn }, { set }, { goOn: 3 * MINUTE }]),
        );
        for (const [i, { at, clock, gone }] of asked.entries()) {
          // As of an instant that has come, and has not been waited for.
          expect(at).toBeLessThanOrEqual(clock);
          expect(clock - at).toBeLessThan(MINUTE);
          const before = asked[i - 1];
          if (before === undefined) continue;
          // An instant that comes again because the clock was set back is polled again.
          const setBack = before.clock - before.gone - (clock - gone);
          if (setBack <= MINUTE) expect(at).not.toBe(before.at);
          // A step of less than a minute back may make one interval longer by itself.
          expect(gone - before.gone).toBeLessThanOrEqual(2 * MINUTE + 2_000);
        }
      }),
      { numRuns: scaled(20), seed: SEED },
    );
  });
});

describe('polls by a clock that is set', () => {
  let world: PollWorld;
  beforeAll(async () => {
    world = await openPollWorld();
  });
  afterAll(() => world.stop());
  beforeEach(() => world.clear());

  /** Feeds what the scheduler asks for to real polls, over calls that are logged as they really happen. */
  async function told(
    rules: readonly Rule[],
    stretches: readonly Stretch[],
    happening: readonly { readonly gone: number; readonly cost: number; readonly service?: string }[],
    options: { readonly really?: number; readonly source?: PollParts['source'] } = {},
  ) {
    const { really = START, source = world.calls.store } = options;
    const open = [...happening];
    const messages: (ReturnType<typeof alertsQueuedBy>[number] & { readonly gone: number })[] = [];
    const asked = await askedFor('* * * * *', stretches);
    for (const { at, clock, gone } of asked) {
      const due = open.filter((one) => one.gone < gone);
      for (const one of due) open.splice(open.indexOf(one), 1);
      await world.calls.log(...due.map(({ gone: when, ...call }) => ({ at: really + when, ...call })));
      const report = await poll(world.parts(rules, { source }), at, () => clock);
      expect(report.error).toBeNull();
      messages.push(...alertsQueuedBy(report).map((message) => ({ ...message, gone })));
    }
    return messages;
  }
  const at = (minutes: number): number => minutes * MINUTE;
  const services = (messages: Awaited<ReturnType<typeof told>>): string[] =>
    messages.flatMap(({ alerts }) => alerts.map(({ finding }) => String(finding.group.service)));

  it('notify at once after a clock that was an hour ahead is set back, and nothing twice', async () => {
    // The clock was an hour ahead until it was put right; the store's was always right.
    const messages = await told(
      [burn({ window: '2h' })],
      [{ goOn: at(10) }, { set: -HOUR }, { goOn: at(75) }],
      [
        { gone: at(3), cost: 60, service: 'early' },
        { gone: at(20), cost: 60, service: 'late' },
      ],
      { really: START - HOUR },
    );
    expect(services(messages)).toEqual(['early', 'late']);
    expect((messages[1]?.gone ?? 0) - at(20)).toBeLessThanOrEqual(MINUTE);
  });

  it('notify nothing twice when the clock goes a day ahead and back, and still notify what is new', async () => {
    const messages = await told(
      [burn({ window: '24h' })],
      [{ goOn: at(5) }, { set: DAY }, { goOn: at(5) }, { set: -DAY }, { goOn: at(20) }],
      [
        { gone: at(2), cost: 60, service: 'before' },
        { gone: at(20), cost: 60, service: 'after' },
      ],
    );
    // The wrong day is a day of its own: while it lasted, what had held since the right one was ongoing in it.
    expect(
      messages.map(({ alerts }) => alerts.map(({ finding, ongoing }) => [finding.group.service, ongoing])),
    ).toEqual([[['before', false]], [['before', true]], [['after', false]]]);
  });

  it('catch up on what they missed also after the clock was a day ahead', async () => {
    const messages = await told(
      [burn()],
      [
        { goOn: at(5) },
        { set: DAY },
        { goOn: at(5) },
        { set: -DAY },
        { goOn: at(5) },
        { set: 2 * HOUR },
        { goOn: at(5) },
      ],
      // Twenty minutes after the machine fell asleep, by the store's clock; it is written before it wakes.
      [{ gone: at(15), cost: 60, service: 'asleep' }],
      { really: START + 20 * MINUTE },
    );
    expect(services(messages)).toEqual(['asleep']);
  });

  it('notify sixty groups of an episode once each while the clock is behind the watermark', async () => {
    const groups = Array.from({ length: 60 }, (_, i) => `service-${i}`);
    const messages = await told(
      [burn({ window: '24h', dedupe: 'episode' })],
      [{ goOn: at(5) }, { set: DAY }, { goOn: at(5) }, { set: -DAY }, { goOn: at(20) }],
      groups.map((service) => ({ gone: -at(60), cost: 60, service })),
    );
    // By the wrong clock the episodes ended: those whose beginning is not looked up in the data begin anew, once.
    expect(messages.length).toBeLessThanOrEqual(2);
    expect(messages[0]?.alerts.length).toBe(10);
    expect(messages[0]?.more).toBe(50);
  });

  it('after ten hours of sleep over midnight notify what came and went in them, once for each day', async () => {
    const messages = await told(
      [burn({ notify: ['oncall', 'finance'] })],
      [{ goOn: at(5) }, { set: 11 * HOUR }, { goOn: at(30) }],
      [at(5), at(65), at(600), at(630)].map((gone) => ({
        gone: gone - 11 * HOUR,
        cost: 60,
        service: 'nightly',
      })),
      { really: START + 11 * HOUR },
    );
    const days = messages.map(({ channel, at: instant }) => `${channel} ${instant.slice(0, 10)}`);
    expect(days.sort()).toEqual([
      'finance 2026-11-20',
      'finance 2026-11-21',
      'oncall 2026-11-20',
      'oncall 2026-11-21',
    ]);
  });

  it('agree with the store whatever the clock does', async () => {
    const rollup = openLiveSums(world.calls.store, {
      latenessMs: 15 * MINUTE,
      kept: world.state.aggregateBuckets('b'),
    });
    const differing: unknown[] = [];
    const both: PollParts['source'] = {
      read: (reads, before) => world.calls.store.read(reads, before),
      async refresh(queries, before) {
        const seen = await rollup.refresh(queries, before);
        const direct = await collect(world.calls.store, queries, before);
        seen.series.forEach((series, i) => {
          const query = queries[i] as Query;
          const [found, expected] = [series, direct.series[i]].map((one) => comparable(one, query));
          if (series !== null && found !== expected) differing.push(found);
        });
        await rollup.backfill(60_000);
        return seen;
      },
    };
    await told(
      [burn({ window: '1h' }), burn({ name: 'day', window: '24h' })],
      [
        { goOn: at(10) },
        { set: -HOUR },
        { goOn: at(10) },
        { set: DAY },
        { goOn: at(10) },
        { set: -DAY },
        { goOn: at(10) },
        { set: 10 * HOUR },
        { goOn: at(10) },
      ],
      Array.from({ length: 100 }, (_, i) => ({ gone: at(i / 2), cost: i + 1, service: `s${i % 3}` })),
      { source: both },
    );
    expect(differing).toEqual([]);
  });
});

describe('deliveries by a clock that is set back', () => {
  let world: PollWorld;
  beforeAll(async () => {
    world = await openPollWorld('postgres');
  });
  afterAll(() => world.stop());
  beforeEach(() => world.clear());

  /** A deliverer of one channel by a clock that the test sets; `refuse` makes its sends fail. */
  function deliverer() {
    const played = { now: START, refuse: false, sent: [] as number[] };
    const channel: Channel = {
      ...(world.channels.get('oncall') as Channel),
      async send() {
        played.sent.push(played.now);
        if (played.refuse) throw new SendError('server', 'passing', 'HTTP 503');
        return { answer: 'HTTP 200' };
      },
    };
    const open = createDeliverer({
      outbox: world.state,
      channels: [channel],
      healthChannels: [],
      leaseToken: null,
      now: () => played.now,
      random: () => 0.5,
      composeReport: () => {
        throw new Error('nothing is reported here');
      },
      onReport: () => undefined,
    });
    return Object.assign(played, { deliverDue: () => open.deliverDue() });
  }

  const queue = async (now: number): Promise<void> => {
    await world.calls.log({ at: now - MINUTE, cost: 60 });
    const report = await world.poll([burn()], Math.floor(now / MINUTE) * MINUTE);
    expect(report.queued).toHaveLength(1);
  };

  it('go out at once when they were queued before it was set back', async () => {
    const worker = deliverer();
    await queue(START);
    worker.now = START - HOUR;
    await worker.deliverDue();
    expect(worker.sent).toEqual([START - HOUR]);
  });

  it('are tried again with backoff, by the new clock from the first attempt on', async () => {
    const worker = deliverer();
    await queue(START);
    worker.refuse = true;
    await worker.deliverDue();
    const back = START - DAY;
    for (let second = 0; second < 60; second += 1) {
      worker.now = back + second * 1_000;
      await worker.deliverDue();
    }
    // At once, after 30 s (the first wait of 5 s was by the old clock), and then not before two minutes.
    expect(worker.sent.map((at) => (at - back) / 1_000)).toEqual([(START - back) / 1_000, 0, 30]);
    worker.refuse = false;
    worker.now = back + 151_000;
    await worker.deliverDue();
    expect(worker.sent).toHaveLength(4);
  });
});
