import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/model/errors.ts';
import type { Message } from '../../../src/model/message.ts';
import { requeue } from '../../../src/state/requeue.ts';
import type { MakeReport } from '../../../src/worker/reports/watch.ts';
import { DAY, emptyReport, HOUR, MINUTE, openReportWorld, type ReportWorld } from './report-world.ts';

const EIGHT = Date.parse('2026-11-20T08:00:00Z');
const TODAY = 'daily day/2026-11-19T00:00:00Z';
const TOMORROW = 'daily day/2026-11-20T00:00:00Z';

interface Maker {
  /** Whether the store is away. */
  fails: boolean;
  /** The instants as of which reports were made. */
  readonly asked: number[];
  readonly make: MakeReport;
}

function maker(fails = false): Maker {
  const asked: number[] = [];
  const one: Maker = {
    fails,
    asked,
    async make(config, at) {
      asked.push(at);
      if (one.fails) throw new AppError('store_unreachable', 'the store is away');
      return emptyReport(config, at);
    },
  };
  return one;
}

describe.concurrent('a report on a schedule', () => {
  it('is queued after its time, and not before', async (test) => {
    const world = await openReportWorld(test, EIGHT - MINUTE);
    const worker = await world.start({ make: emptyReport });
    // It is new, and yesterday's was due less than a day ago.
    await worker.looks();
    expect(world.logged.reported).toEqual(['daily day/2026-11-18T00:00:00Z']);
    world.now = EIGHT - 1;
    await worker.looks();
    expect(world.logged.reported).toHaveLength(1);
    world.now = EIGHT;
    await worker.looks();
    expect(world.logged.reported.slice(1)).toEqual([TODAY]);
    expect(await world.queued()).toHaveLength(2);
  });

  it('is queued once in its period, by replicas at one instant, and over restarts', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const both = await Promise.all([world.start({ make: emptyReport }), world.start({ make: emptyReport })]);
    await Promise.all(both.map((worker) => worker.looks()));
    const [first] = await world.queued();
    world.now += MINUTE;
    await (await world.start({ make: emptyReport })).looks();
    for (const worker of both) await worker.looks();
    expect(await world.queued()).toEqual([first]);
    expect(world.logged.reported).toEqual([TODAY]);
  });

  it('has the id that its name and period give, whoever makes it and when', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const ids: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      await world.sql.query('TRUNCATE spendwatch.notification, spendwatch.delivery').catch(() => undefined);
      await (await world.start({ make: emptyReport })).looks();
      ids.push(...(await world.queued()).map(({ id }) => id));
      world.now += HOUR;
    }
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('is one of its own under each name, for each of its channels', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const keys = 'schedule: "0 8 * * *", period: day';
    const worker = await world.start({
      make: emptyReport,
      reports: [`{ name: a, ${keys}, notify: [hook, other] }`, `{ name: b, ${keys}, notify: [other] }`],
    });
    await worker.looks();
    expect((await world.queued()).map(({ channel }) => channel).sort()).toEqual(['hook', 'other', 'other']);
  });

  it('costs no query while nothing is due', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const { make, asked } = maker();
    const worker = await world.start({ make });
    await worker.looks();
    await worker.app.close();
    world.now = EIGHT + DAY - 1;
    await worker.looks();
    expect(asked).toEqual([EIGHT]);
    expect(world.logged.troubles).toEqual([]);
  });

  it('is made up for after days without a worker, once, for the latest period', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    await (await world.start({ make: emptyReport })).looks();
    world.now = EIGHT + 3 * DAY + 20 * HOUR;
    await (await world.start({ make: emptyReport })).looks();
    expect(world.logged.reported).toEqual([TODAY, 'daily day/2026-11-22T00:00:00Z']);
  });

  it('that is new does not begin with what was due more than a day ago', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const { make, asked } = maker();
    const weekly = '{ name: weekly, schedule: "0 8 * * mon", period: week, notify: [hook] }';
    const worker = await world.start({ reports: [weekly], make });
    await worker.looks();
    expect(asked).toEqual([]);
    world.now = Date.parse('2026-11-23T08:00:30Z');
    await worker.looks();
    expect(world.logged.reported).toEqual(['weekly week/2026-11-16T00:00:00Z']);
  });

  it('is not told again when the file gives it another time or zone', async (test) => {
    const world = await openReportWorld(test, EIGHT + HOUR);
    await (await world.start({ make: emptyReport })).looks();
    const earlier = '{ name: daily, schedule: "0 7 * * *", period: day, notify: [hook] }';
    await (await world.start({ make: emptyReport, reports: [earlier] })).looks();
    const often = '{ name: daily, schedule: "*/5 * * * *", period: day, notify: [hook, other] }';
    await (await world.start({ make: emptyReport, reports: [often] })).looks();
    expect(world.logged.reported).toEqual([TODAY]);
  });

  it('is queued by nobody who was stopped while it was made', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const worker = await world.start({
      make: (config, at) => {
        worker.stops();
        return emptyReport(config, at);
      },
    });
    await worker.looks();
    expect(await world.queued()).toEqual([]);
    await (await world.start({ make: emptyReport })).looks();
    expect(await world.queued()).toHaveLength(1);
  });
});

/** What the first channel of health was told. */
async function unsent({ sql }: ReportWorld): Promise<Pick<Message, 'title' | 'lead'>[]> {
  const rows = await sql.query<{ message: string }>(
    `SELECT message FROM spendwatch.delivery WHERE fingerprint = 'health.report' AND channel = 'hook'`,
  );
  return rows.map(({ message }) => {
    const { title, lead } = JSON.parse(message) as Message;
    return { title, lead };
  });
}

describe.concurrent('a report that cannot be made', () => {
  it('is tried again after 1, 2, 4 minutes and so on, and an hour at most', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const one = maker(true);
    const worker = await world.start({ make: one.make });
    const tried: number[] = [];
    for (; world.now < EIGHT + 4 * HOUR; world.now += MINUTE) {
      const before = one.asked.length;
      await worker.looks();
      if (one.asked.length > before) tried.push((world.now - EIGHT) / MINUTE);
    }
    expect(tried).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(new Set(one.asked)).toEqual(new Set([EIGHT]));
    expect(world.logged.troubles[0]).toBe(
      'the report daily of 2026-11-19 could not be made; it is tried again in 1m: the store is away',
    );
    one.fails = false;
    world.now = EIGHT + 5 * HOUR;
    await worker.looks();
    expect(world.logged.reported).toEqual([TODAY]);
  });

  it('is named when the next one is due, which is sent', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const one = maker(true);
    const worker = await world.start({ make: one.make });
    await worker.looks();
    one.fails = false;
    world.now = EIGHT + DAY;
    await worker.looks();
    expect(world.logged.troubles.at(-1)).toBe(
      'the report daily of 2026-11-19 was not sent: the store is away',
    );
    expect(world.logged.reported).toEqual([TOMORROW]);
    expect(await unsent(world)).toEqual([
      {
        title: '[WARNING] the report daily of 2026-11-19 was not sent',
        lead: [
          'It could not be made: the store is away',
          'What to do: when that is put right, spendwatch report daily --at 2026-11-20T00:00:00Z --send sends it.',
        ],
      },
    ]);
  });

  it('is not named where it was sent after all, by hand or by another worker', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const one = maker(true);
    const worker = await world.start({ make: one.make });
    await worker.looks();
    await (await world.start({ make: emptyReport })).looks();
    one.fails = false;
    world.now = EIGHT + DAY;
    await worker.looks();
    expect(await unsent(world)).toEqual([]);
    expect(world.logged.reported).toEqual([TODAY, TOMORROW]);
  });

  it('is named once when the next one is due, also by a process that was started in between', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const first = await world.start({ make: maker(true).make });
    await first.looks();
    await first.dies();
    world.now = EIGHT + DAY;
    for (let start = 0; start < 2; start += 1) await (await world.start({ make: emptyReport })).looks();
    expect(world.logged.reported).toEqual([TOMORROW]);
    expect(world.logged.troubles.slice(1)).toEqual(['the report daily of 2026-11-19 was not sent']);
    expect(await unsent(world)).toEqual([
      {
        title: '[WARNING] the report daily of 2026-11-19 was not sent',
        lead: [
          'It could not be made before the worker was restarted; its log says why.',
          'What to do: when that is put right, spendwatch report daily --at 2026-11-20T00:00:00Z --send sends it.',
        ],
      },
    ]);
  });

  it('is not named by a file that gives it another period', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const first = await world.start({ make: maker(true).make });
    await first.looks();
    await first.dies();
    world.now = EIGHT + DAY;
    const reports = ['{ name: daily, schedule: "0 8 * * *", period: week, notify: [hook] }'];
    await (await world.start({ reports, make: emptyReport })).looks();
    expect(await unsent(world)).toEqual([]);
    expect(world.logged.reported).toEqual(['daily week/2026-11-09T00:00:00Z']);
  });

  it('is sent by a process that was started more than a day later, also when it is the first one', async (test) => {
    const monday = Date.parse('2026-11-16T08:00:00Z');
    const world = await openReportWorld(test, monday);
    const reports = ['{ name: weekly, schedule: "0 8 * * mon", period: week, notify: [hook] }'];
    const first = await world.start({ reports, make: maker(true).make });
    await first.looks();
    await first.dies();
    world.now = monday + 2 * DAY;
    await (await world.start({ reports, make: emptyReport })).looks();
    expect(world.logged.reported).toEqual(['weekly week/2026-11-09T00:00:00Z']);
    expect(await unsent(world)).toEqual([]);
  });

  it('is not dropped for being a day late when it was begun in time', async (test) => {
    const monday = Date.parse('2026-11-16T08:00:00Z');
    const world = await openReportWorld(test, monday);
    const one = maker(true);
    const weekly = '{ name: weekly, schedule: "0 8 * * mon", period: week, notify: [hook] }';
    const worker = await world.start({ make: one.make, reports: [weekly] });
    await worker.looks();
    one.fails = false;
    world.now = monday + 3 * DAY;
    await worker.looks();
    expect(world.logged.reported).toEqual(['weekly week/2026-11-09T00:00:00Z']);
  });
});

describe.concurrent('a report in the outbox', () => {
  it('arrives once when its channel was down for a day', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const worker = await world.start({ make: emptyReport });
    world.isDown = true;
    await worker.looks();
    for (; world.now < EIGHT + 23.5 * HOUR; world.now += 10 * MINUTE) {
      await worker.looks();
      await worker.sends();
    }
    expect(world.reports.filter(({ outcome }) => outcome === 'delivered')).toEqual([]);
    world.isDown = false;
    for (; world.now < EIGHT + 26 * HOUR; world.now += 10 * MINUTE) {
      await worker.sends();
    }
    const [queued, ...others] = (await world.queued()).filter(({ channel }) => channel === 'hook');
    expect(others).toEqual([]);
    expect(queued?.state).toBe('delivered');
    expect(world.taken.filter((id) => id === queued?.id)).toHaveLength(1);
  });

  it('that was given up after a day is told to the other channels, and sent again when it is asked for', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const worker = await world.start({ make: emptyReport });
    await worker.looks();
    world.isDown = true;
    for (; world.now < EIGHT + 26 * HOUR; world.now += 30 * MINUTE) await worker.sends();
    const [report] = (await world.queued()).filter(({ channel }) => channel === 'hook');
    expect(report?.state).toBe('given_up');
    const told = await world.sql.query<{ channel: string; message: string }>(
      'SELECT channel, message FROM spendwatch.delivery WHERE is_report',
    );
    expect(told.map(({ channel }) => channel)).toEqual(['other']);
    expect((JSON.parse(told[0]?.message ?? '') as Message).title).toContain('Not delivered on hook: ');
    world.isDown = false;
    await requeue(world.sql, report?.id ?? '', world.now, () => undefined);
    await worker.sends();
    expect(world.taken.filter((id) => id === report?.id)).toHaveLength(1);
  });

  it('arrives when the worker was killed between queueing and sending it', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const first = await world.start({ make: emptyReport });
    await first.looks();
    await first.dies();
    const second = await world.start({ make: emptyReport });
    await second.looks();
    await second.sends();
    expect(world.taken).toHaveLength(1);
    expect(await world.queued()).toEqual([{ id: world.taken[0], channel: 'hook', state: 'delivered' }]);
  });

  it('comes again with the same id when the worker was killed between sending and settling it', async (test) => {
    const world = await openReportWorld(test, EIGHT);
    const first = await world.start({ make: emptyReport });
    await first.looks();
    const state = await first.app.state();
    const claimed = await state.claim('hook', world.now, 0);
    const channel = first.app.channels.get('hook');
    if (claimed === null || channel === undefined) throw new Error('it is due');
    const { id, body, accepted } = claimed;
    await channel.send({ id, body, accepted }, new AbortController().signal);
    await first.dies();
    const second = await world.start({ make: emptyReport });
    await second.looks();
    await second.sends();
    expect(world.taken).toHaveLength(2);
    expect(new Set(world.taken).size).toBe(1);
    expect((await world.queued()).map((one) => one.state)).toEqual(['delivered']);
  });
});
