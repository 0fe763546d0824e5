import { afterAll, describe, expect, type TestContext, test } from 'vitest';
import type { Asked } from '../support/sql-gate.ts';
import { until } from '../support/until.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { type IncidentWorld, openIncidentWorld, type Tally } from './incident-world.ts';

const totals = { workers: 0, due: 0, delivered: 0, repeated: 0 };
afterAll(() => {
  const { workers, due, delivered, repeated } = totals;
  process.stderr.write(
    `replicas: ${workers} workers, ${due} messages due, ${delivered} delivered, ${repeated} came again with the same id\n`,
  );
});

/** The lease lasts for 3 s. */
const EVERY_TWO_SECONDS = '*/2 * * * * *';
/** The lease lasts for 6 s, which a busy machine keeps. */
const EVERY_FOUR_SECONDS = '*/4 * * * * *';
/** Long enough for a busy machine: the lease lasts for 10 s, and two intervals for twice that. */
const EVERY_TEN_SECONDS = '*/10 * * * * *';
/** Two intervals, and the poll itself on a busy machine; a lease that is an interval too long lasts longer. */
const TWO_INTERVALS_MS = 2 * 10_000;

const LEADING = 'leading: this worker polls';
const STANDING_BY = 'standing by: another worker polls';

interface Scene {
  readonly world: IncidentWorld;
  start(): Promise<WorkerProcess>;
  /** One that leads and one that stands by. */
  pair(): Promise<readonly [WorkerProcess, WorkerProcess]>;
  end(): Promise<Tally>;
}

async function openScene({ onTestFinished }: TestContext, schedule = EVERY_TWO_SECONDS): Promise<Scene> {
  const world = await openIncidentWorld(schedule);
  const workers: WorkerProcess[] = [];
  onTestFinished(async () => {
    for (const worker of workers) await worker.stop('SIGKILL');
    await world.close();
  });
  const start = async (): Promise<WorkerProcess> => {
    const worker = await world.start();
    workers.push(worker);
    totals.workers += 1;
    return worker;
  };
  return {
    world,
    start,
    async pair() {
      const leader = await start();
      await leader.polls(1);
      const other = await start();
      await says(other, STANDING_BY);
      return [leader, other];
    },
    async end() {
      await world.settled();
      const tally = world.tally();
      totals.due += tally.due;
      totals.delivered += tally.delivered;
      totals.repeated += tally.repeated;
      return tally;
    },
  };
}

/** Resolves when the worker has logged the message once more than `times`. */
function says(worker: WorkerProcess, message: string, times = 0): Promise<unknown> {
  const count = (): number => worker.log().filter(({ msg }) => msg === message).length;
  return until(`a worker says "${message}"`, () => count() > times);
}

/** What became of the attempts at a channel, as the worker logged them. */
function outcomes(worker: WorkerProcess, channel: string): unknown[] {
  return worker.log().flatMap((line) => (line.channel === channel ? [line.outcome] : []));
}

/** Up to which scheduled instant the rule has been decided, ms. */
async function polledTo(world: IncidentWorld): Promise<number> {
  const [row] = await world.query<{ last: Date | null }>(
    'SELECT max(evaluated_to) AS last FROM spendwatch.rule_watermark',
  );
  return row?.last?.getTime() ?? 0;
}

/** Resolves when a worker has decided an instant after `last`. */
async function nextPolled(world: IncidentWorld, last: number): Promise<void> {
  await until('somebody polls again', async () => (await polledTo(world)) > last);
}

/** How long the lease of a worker that does nothing more still keeps the others from polling, ms. */
async function leaseLeft(world: IncidentWorld): Promise<number> {
  const [row] = await world.query<{ ms: number }>(
    'SELECT extract(epoch FROM held_until - clock_timestamp())::float8 * 1000 AS ms FROM spendwatch.leader',
  );
  return row?.ms ?? 0;
}

const CLAIMS = /SET attempts = attempts \+ 1/;
const readsAudit = ({ text }: Asked): boolean => /api_audit_logs/.test(text);

describe.concurrent('replicas on one state database', () => {
  test.for([2, 5])(
    '%i of them: one polls, and each alert reaches each channel once',
    async (count, context) => {
      const { world, start, end } = await openScene(context, EVERY_FOUR_SECONDS);
      const workers = await Promise.all(Array.from({ length: count }, start));
      const leading = async (): Promise<(number | null)[]> =>
        Promise.all(workers.map((worker) => worker.metric('spendwatch_leader')));
      await until('one leads', async () => (await leading()).filter((one) => one === 1).length === 1);
      const leader = workers[(await leading()).indexOf(1)] as WorkerProcess;
      const others = workers.filter((worker) => worker !== leader);
      await leader.polls(1);

      for (let i = 0; i < 3; i += 1) await world.told(await world.breach());

      const polled = async (): Promise<number> => (await leader.metric('spendwatch_polls_total')) ?? 0;
      const pollsBefore = await polled();
      const readsBefore = world.gate.asked.filter(readsAudit).length;
      await leader.polls(3);
      const reads = world.gate.asked.filter(readsAudit).length - readsBefore;
      // At most three statements a poll, and one poll may be under way.
      expect(reads).toBeLessThanOrEqual(3 * ((await polled()) - pollsBefore + 1));
      for (const other of others) {
        expect(await other.metric('spendwatch_polls_total')).toBe(0);
        expect(await other.metric('spendwatch_rows_read_total')).toBe(0);
        await other.ready();
      }
      expect((await end()).repeated).toBe(0);
      const gaps = world.postedAt.slice(1).map((at, i) => at - (world.postedAt[i] ?? 0));
      for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1_000);
    },
  );

  test('a standby is not ready when no replica polls successfully', async (context) => {
    const { world, pair } = await openScene(context);
    const [leader, other] = await pair();
    await world.query('ALTER TABLE api_audit_logs RENAME TO gone');
    await leader.polls(1, 'failed');
    await until('it says so', async () => (await other.get('/readyz')).status === 503);
    expect((await other.get('/readyz')).text).toContain('standing by');
    await world.query('ALTER TABLE gone RENAME TO api_audit_logs');
    await until('it is ready again', async () => (await other.get('/readyz')).status === 200);
  });

  test('the leader is killed: another polls within two intervals', async (context) => {
    const { world, pair, end } = await openScene(context, EVERY_TEN_SECONDS);
    const [leader, other] = await pair();
    await leader.stop('SIGKILL');
    expect(await leaseLeft(world)).toBeLessThan(TWO_INTERVALS_MS);
    const last = await polledTo(world);
    const service = await world.breach();
    await nextPolled(world, last);
    expect(await other.metric('spendwatch_leader')).toBe(1);
    await world.told(service);
    expect((await end()).repeated).toBe(0);
  });

  test('the leader is stopped: it gives its lease back', async (context) => {
    const { world, pair } = await openScene(context, EVERY_TEN_SECONDS);
    const [leader, other] = await pair();
    const [before] = await world.query<{ token: string }>('SELECT token FROM spendwatch.leader');
    await leader.stop();
    const [after] = await world.query<{ token: string }>('SELECT token FROM spendwatch.leader');
    expect(after?.token).not.toBe(before?.token);
    await says(other, LEADING);
  });

  test('a reload keeps the lease', async (context) => {
    const { world, pair } = await openScene(context, EVERY_FOUR_SECONDS);
    const [leader, other] = await pair();
    leader.signal('SIGHUP');
    await says(leader, 'the file was read again and is in force');
    await says(leader, LEADING, 1);
    const last = await polledTo(world);
    await nextPolled(world, last);
    expect(other.log().filter(({ msg }) => msg === LEADING)).toEqual([]);
  });

  test('the leader is frozen at rest: another polls within two intervals, and it stands by when it wakes up', async (context) => {
    const { world, pair, end } = await openScene(context, EVERY_TEN_SECONDS);
    const [leader, other] = await pair();
    leader.signal('SIGSTOP');
    expect(await leaseLeft(world)).toBeLessThan(TWO_INTERVALS_MS);
    const last = await polledTo(world);
    const service = await world.breach();
    await nextPolled(world, last);
    await world.told(service);
    leader.signal('SIGCONT');
    await says(leader, STANDING_BY);
    expect(await leader.metric('spendwatch_leader')).toBe(0);
    await other.polls(1);
    expect((await end()).repeated).toBe(0);
  });

  test('the leader is frozen in a poll: another notifies what it found, and nothing of its poll is recorded', async (context) => {
    const { world, pair, end } = await openScene(context);
    const [leader, other] = await pair();
    const reading = world.gate.hold('before', readsAudit);
    await reading.caught;
    const pollsBefore = await leader.metric('spendwatch_polls_total');
    const service = await world.breach();
    leader.signal('SIGSTOP');
    reading.release();
    await world.told(service);
    leader.signal('SIGCONT');
    await says(leader, STANDING_BY);
    await other.polls(2);
    expect(await leader.metric('spendwatch_polls_total')).toBe(pollsBefore);
    expect(leader.log().filter(({ msg }) => msg === 'new alert')).toEqual([]);
    expect(other.log().filter(({ msg }) => msg === 'new alert')).toHaveLength(1);
    expect((await end()).repeated).toBe(0);
  });

  test('the leader is frozen while it records: its locks do not keep another from notifying', async (context) => {
    const { world, pair, end } = await openScene(context);
    const [leader, other] = await pair();
    const committing = world.gate.hold(
      'before',
      ({ text, earlier }) =>
        /^COMMIT/.test(text) && earlier.some((one) => /INSERT INTO spendwatch\.delivery/.test(one)),
    );
    const service = await world.breach();
    await committing.caught;
    leader.signal('SIGSTOP');
    await world.told(service);
    leader.signal('SIGCONT');
    committing.release();
    await says(leader, STANDING_BY);
    await other.polls(2);
    expect((await end()).repeated).toBe(0);
  });

  test('a sender is frozen in the middle: what arrived is repeated with the same id, and not in Slack', async (context) => {
    const { world, start, end } = await openScene(context);
    const frozen = await start();
    await frozen.polls(1);
    const sending = ['hook', 'post', 'mail'] as const;
    const paused = Promise.all(sending.map((where) => world.pause(where)));
    await world.breach();
    await paused;
    frozen.signal('SIGSTOP');
    const other = await start();
    await world.settled();
    frozen.signal('SIGCONT');
    for (const channel of ['oncall', 'finance', 'billing']) {
      await until(`${channel} is known to be lost`, () => outcomes(frozen, channel).includes('lost'));
      expect(outcomes(other, channel)).toEqual(['delivered']);
    }
    expect((await end()).repeated).toBe(2);
    expect(world.taken.posts).toHaveLength(1);
  });

  test('a sender is frozen before it sends: when it wakes up, it does not', async (context) => {
    const { world, start, end } = await openScene(context);
    const frozen = await start();
    await frozen.polls(1);
    const claimed = (channel: string) =>
      world.gate.hold(
        'after',
        ({ text, earlier, earlierValues }) =>
          /^COMMIT/.test(text) &&
          earlier.some((one, i) => CLAIMS.test(one) && earlierValues[i]?.[0] === channel),
        'UPDATE 1',
      );
    const slotTaken = world.gate.hold(
      'after',
      ({ text, earlier }) => /^COMMIT/.test(text) && earlier.some((one) => /rate_limit_slot\s+SET/.test(one)),
    );
    const held = [claimed('finance'), claimed('billing'), slotTaken];
    await world.breach();
    await Promise.all(held.map(({ caught }) => caught));
    frozen.signal('SIGSTOP');
    const other = await start();
    await world.settled();
    for (const { release } of held) release();
    frozen.signal('SIGCONT');
    for (const channel of ['oncall', 'finance', 'billing']) {
      await until(`${channel} is known to be lost`, () => outcomes(frozen, channel).includes('lost'));
      expect(outcomes(other, channel)).toEqual(['delivered']);
    }
    expect((await end()).repeated).toBe(0);
    expect(world.taken.hooks).toHaveLength(1);
  });
});
