import { describe, expect, type TestContext, test } from 'vitest';
import type { Asked } from '../support/sql-gate.ts';
import { arrives, until } from '../support/until.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { type IncidentWorld, openIncidentWorld } from './incident-world.ts';

/** Due within a minute of any start. */
const REPORT = `reports:
  - { name: each-day, schedule: "* * * * *", period: day, notify: [billing, finance] }
`;

interface Moment {
  readonly name: string;
  readonly when: 'before' | 'after';
  fits(asked: Asked): boolean;
}

const QUEUES = /INSERT INTO spendwatch\.delivery/;
const CLAIMS = /SET attempts = attempts \+ 1/;
const SETTLES = /WITH slot AS/;

const MOMENTS: readonly Moment[] = [
  {
    name: 'it reads what was sent',
    when: 'before',
    fits: ({ text, values }) => /CROSS JOIN LATERAL/.test(text) && String(values).includes('report/'),
  },
  { name: 'it queues the report', when: 'before', fits: ({ text }) => QUEUES.test(text) },
  ...(['before', 'after'] as const).flatMap((when): Moment[] => [
    {
      name: 'it commits what it queued',
      when,
      fits: ({ text, earlier }) => /^COMMIT/.test(text) && earlier.some((one) => QUEUES.test(one)),
    },
    {
      name: 'it claims a delivery',
      when,
      fits: ({ text, values }) => CLAIMS.test(text) && values[0] === 'billing',
    },
    {
      name: 'it settles what it sent',
      when,
      fits: ({ text, earlier }) => /^COMMIT/.test(text) && earlier.some((one) => SETTLES.test(one)),
    },
  ]),
];

async function openScene({ onTestFinished }: TestContext) {
  const world = await openIncidentWorld('*/2 * * * * *', { more: REPORT });
  const workers: WorkerProcess[] = [];
  onTestFinished(async () => {
    for (const worker of workers) await worker.stop('SIGKILL');
    await world.close();
  });
  return {
    world,
    async start() {
      const worker = await world.start();
      workers.push(worker);
      return worker;
    },
  };
}

/** The ids of the hooks and mails with the report. */
function idsIn({ taken }: IncidentWorld) {
  const reports = (some: readonly { id: string; text: string }[]) =>
    some.filter(({ text }) => text.includes('each-day')).map(({ id }) => id);
  return { hooks: reports(taken.hooks), mails: reports(taken.mails) };
}

describe.concurrent('a report', () => {
  test('is sent once by two replicas that start at once', async (context) => {
    const { world, start } = await openScene(context);
    const workers = await Promise.all([start(), start()]);
    await until('it has arrived', () => Object.values(idsIn(world)).every((ids) => ids.length > 0));
    await world.settled();
    // One of them polls, and looks for reports after each poll.
    await Promise.race(workers.map((worker) => worker.polls(3)));
    const { hooks, mails } = idsIn(world);
    expect([hooks.length, mails.length]).toEqual([1, 1]);
  });

  test('is one message on each channel, wherever its worker was killed', async (context) => {
    const { world, start } = await openScene(context);
    const ids = { hooks: new Set<string>(), mails: new Set<string>() };
    for (const { name, when, fits } of MOMENTS) {
      const before = idsIn(world);
      const held = world.gate.hold(when, fits);
      const first = await start();
      await arrives(`killed ${when} ${name}`, held.caught);
      await first.stop('SIGKILL');
      held.release();
      await world.endLeases();
      const second = await start();
      await until(`it has arrived after a kill ${when} ${name}`, () => {
        const { hooks, mails } = idsIn(world);
        return hooks.length > before.hooks.length && mails.length > before.mails.length;
      });
      await world.settled();
      await second.polls(1);
      await second.stop('SIGKILL');
      const { hooks, mails } = idsIn(world);
      const seen = { hooks: hooks.slice(before.hooks.length), mails: mails.slice(before.mails.length) };
      // Only what was sent and not settled comes again, with its id.
      expect(seen.hooks.length, `${when} ${name}`).toBeLessThanOrEqual(2);
      for (const id of seen.hooks) ids.hooks.add(id);
      for (const id of seen.mails) ids.mails.add(id);
      await world.query('TRUNCATE spendwatch.notification, spendwatch.delivery, spendwatch.leader');
    }
    // The id is that of its name and period, so each worker after a TRUNCATE makes the same one again.
    expect([ids.hooks.size, ids.mails.size]).toEqual([1, 1]);
  });
});
