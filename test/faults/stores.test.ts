import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, logCalls } from '../support/audit-table.ts';
import { createDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { hookTypes, type Receivers, startReceivers } from '../support/receivers.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';
import { arrivedIds, countArrivals, printedFigures } from './figures.ts';
import { onSmallDisk } from './small-disk.ts';

/** Chosen anew at each run unless it is given, and printed with the figures. */
const SEED = Number(process.env.SPENDWATCH_FAULT_SEED ?? Math.floor(Math.random() * 1e9));
const figures = printedFigures(`stores away (seed ${SEED})`);

const WINDOW_MS = 2_000;
/** A breach that is over two seconds after its call: a worker that sees nothing for longer can only catch up on it. */
const BRIEF_BURN = `  - name: brief-burn
    type: threshold
    metric: spend
    window: 2s
    group_by: [service]
    thresholds: { critical: 100 }
    dedupe: day
    notify: [oncall, finance, billing]
`;

/** A worker whose audit store and state store are behind proxies of their own. */
interface Scene {
  readonly audit: AuditDatabase;
  readonly ways: Readonly<Record<'audit' | 'state', TcpProxy>>;
  /** A connection to the state database that no fault touches. */
  readonly state: Sql;
  readonly stateUrl: string;
  readonly ends: Receivers;
  start(): Promise<WorkerProcess>;
}

interface SceneOptions {
  /** Further keys under `audit`. */
  readonly audit?: string;
  readonly health?: string;
  /** A state database in place of one of the run's server. */
  readonly stateUrl?: string;
  readonly ends?: Parameters<typeof startReceivers>[0];
}

async function scene(test: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const closing = <T>(thing: T, close: (thing: T) => Promise<unknown>): T => {
    test.onTestFinished(async () => void (await close(thing)));
    return thing;
  };
  const audit = closing(await createAuditDatabase(), (one) => one.drop());
  const stateUrl = options.stateUrl ?? closing(await createDatabase(), (one) => one.drop()).url;
  const state = closing(await openSql(stateUrl), (one) => one.close());
  const ways = {
    audit: closing(await startTcpProxy(audit.url), (one) => one.close()),
    state: closing(await startTcpProxy(stateUrl), (one) => one.close()),
  };
  const ends = closing(await startReceivers(options.ends), (one) => one.close());
  const folder = closing(
    await makeFolder({
      'alerts.yaml': alertsYaml({
        url: ways.audit.url,
        audit: options.audit ?? '',
        channels: ends.channels,
        rules: BRIEF_BURN,
        more: `state: { url: "${ways.state.url}" }\nhealth: { notify: [oncall, billing], ${options.health ?? ''} }\n`,
      }),
    }),
    (one) => one.remove(),
  );
  const start = async () => closing(await startWorkerProcess(folder.path), (one) => one.stop('SIGKILL'));
  return { audit, ways, state, stateUrl, ends, start };
}

/** Spends once over the limit, and resolves to when, once no window sees it any more. */
async function comeAndGone(
  { audit }: Scene,
  log: (at: Date) => Promise<void> = (at) => audit.log({ at, service: 'search', cost: '250.000000' }),
): Promise<number> {
  const at = Date.now();
  await log(new Date(at));
  await until('the breach is over', () => Date.now() > at + WINDOW_MS + 1_500);
  return at;
}

/** It answers while the store still hangs: one that waited for the store would not. */
async function redBecause(worker: WorkerProcess, reason: RegExp): Promise<void> {
  await until(`it is not ready: ${reason}`, async () => {
    const { status, text } = await worker.get('/readyz');
    return status === 503 && reason.test(text);
  });
  expect((await worker.get('/healthz')).status).toBe(200);
}

/** The breach was notified once on each channel, as of an instant at which it held; outages as often as given. */
async function toldOnce(
  { ends }: Scene,
  worker: WorkerProcess,
  breachAt: number,
  outages: 0 | 1,
): Promise<void> {
  const times = 1 + 2 * outages;
  const all = { mails: 1, posts: times, hooks: times };
  await until(`all is told (${JSON.stringify(all)})`, () => {
    const { mails, posts, hooks } = ends.counts();
    return mails >= all.mails && posts >= all.posts && hooks >= all.hooks;
  });
  await worker.polls(3);
  expect(ends.counts()).toEqual(all);
  await worker.ready();
  const types = outages === 0 ? [] : ['health.blind', 'health.sees'];
  expect(hookTypes(ends.hooks).sort()).toEqual(['alert.firing', ...types]);
  const told = ends.hooks.map(({ body }) => JSON.parse(body)).find(({ type }) => type === 'alert.firing');
  expect(told.data.alerts).toMatchObject([{ finding: { group: { service: 'search' }, value: 250 } }]);
  expect(Date.parse(told.data.at)).toBeGreaterThan(breachAt);
  expect(Date.parse(told.data.at)).toBeLessThanOrEqual(breachAt + WINDOW_MS);
  figures.due += all.mails + all.posts + all.hooks;
  countArrivals(figures, await arrivedIds(ends));
}

const STORES = ['audit', 'state'] as const;

/** On a busy machine a test holds a lock for longer than a transaction may idle, and the server would end it. */
const FOR_AS_LONG_AS_IT_TAKES = 'SET LOCAL idle_in_transaction_session_timeout = 0';

// Each has its own parts and mostly waits for polls.
describe.concurrent('while a store is unreachable', () => {
  for (const store of STORES) {
    it(`the ${store} store refusing connections: the worker lives, reports it, and catches up`, async (test) => {
      const s = await scene(test);
      const worker = await s.start();
      await worker.polls(1);
      await s.ways[store].cut();
      figures.faults += 1;
      const breachAt = await comeAndGone(s);
      await worker.polls(3, 'failed');
      await redBecause(
        worker,
        store === 'state' ? /state store cannot be used: .*127/ : /last poll failed: .*127/,
      );
      await until('the outage is notified', () => s.ends.counts().hooks === 1 && s.ends.counts().posts === 1);
      await worker.polls(3, 'failed');
      expect(s.ends.counts()).toEqual({ mails: 0, posts: 1, hooks: 1 });
      await s.ways[store].restore();
      await toldOnce(s, worker, breachAt, 1);
    });

    it(`the ${store} store hanging: /readyz and /metrics answer, and the breach is notified`, async (test) => {
      const s = await scene(test);
      const worker = await s.start();
      await worker.polls(1);
      s.ways[store].freeze();
      figures.faults += 1;
      const breachAt = await comeAndGone(s);
      await redBecause(
        worker,
        store === 'state' ? /state store cannot be used: it did not answer/ : /more than 3 intervals ago/,
      );
      expect((await worker.get('/metrics')).status).toBe(200);
      s.ways[store].thaw();
      await toldOnce(s, worker, breachAt, 0);
    });
  }

  it('a state store that hangs from the start: the outage is notified directly, once', async (test) => {
    const s = await scene(test, { health: 'blind_after: 1' });
    s.ways.state.freeze();
    figures.faults += 1;
    const worker = await s.start();
    await redBecause(worker, /state store cannot be used: it did not answer/);
    // A connection that is not made is given up after ten seconds, by the poll and by the telling.
    await until('the outage is notified', () => s.ends.counts().hooks === 1 && s.ends.counts().posts === 1);
    s.ways.state.thaw();
    await worker.polls(1);
    const breachAt = Date.now();
    await s.audit.log({ at: new Date(breachAt), service: 'search', cost: '250.000000' });
    await toldOnce(s, worker, breachAt, 1);
  });

  it('a channel that refuses an outage message while the state store is unreachable is not tried at every poll', async (test) => {
    const asked: number[] = [];
    const respond = () => {
      asked.push(performance.now());
      return { status: 500 };
    };
    const s = await scene(test, { health: 'blind_after: 1', ends: { respond } });
    await s.ways.state.cut();
    figures.faults += 2;
    const worker = await s.start();
    await worker.polls(3, 'failed');
    await until('it is asked once more', () => asked.length >= 2);
    const [first = 0, second = 0] = asked;
    // The first step of the ladder is five seconds, less a tenth.
    expect(second - first).toBeGreaterThan(4_000);
    expect(s.ends.counts()).toMatchObject({ mails: 0, posts: 1 });
    figures.due += 1;
    countArrivals(figures, (await arrivedIds(s.ends)).slice(0, 1));
  });

  it('an audit store that hangs for longer than a statement may take: the outage is notified once, and the breach', async (test) => {
    const s = await scene(test, { audit: 'statement_timeout: 5s', health: 'blind_after: 1' });
    const worker = await s.start();
    await worker.polls(1);
    s.ways.audit.freeze();
    figures.faults += 1;
    const breachAt = await comeAndGone(s);
    await until('the outage is notified', () => s.ends.counts().hooks === 1);
    expect(s.ends.hooks[0]?.body).toMatch(/did not answer in time|cannot be reached/);
    s.ways.audit.thaw();
    await toldOnce(s, worker, breachAt, 1);
  });

  it('a state store that falls silent at a COMMIT holds a transaction no longer than a statement', async (test) => {
    const s = await scene(test);
    const sql = await openSql(s.ways.state.url, { statementTimeoutMs: 3_000 });
    test.onTestFinished(() => sql.close());
    const working = sql.transaction({}, async (session) => {
      await session.query('SELECT 1');
      s.ways.state.freeze();
      figures.faults += 1;
    });
    await expect(working).rejects.toMatchObject({ name: 'AppError', code: 'store_timeout' });
    s.ways.state.thaw();
    expect(await sql.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('failovers that cut every connection, again and again: nothing is lost and nothing is notified twice', async (test) => {
    const s = await scene(test, { health: 'blind_after: 50' });
    const worker = await s.start();
    await worker.polls(1);
    const random = seededRandom(SEED);
    const services = Array.from({ length: 8 }, (_, i) => `service-${i}`);
    for (const service of services) {
      await s.audit.log({ at: new Date(), service, cost: '250.000000' });
      // About half of the cuts fall into a poll, into the claims and settlements of deliveries, or between.
      const enough = Date.now() + 1_500;
      await until('some failovers', async () => {
        await sleep(random() * 300);
        for (const way of Object.values(s.ways)) way.drop();
        figures.faults += 1;
        return Date.now() > enough;
      });
    }
    const told = () =>
      s.ends.hooks.flatMap(({ body }) =>
        (JSON.parse(body) as Told).data.alerts.map(({ finding }) => finding.group.service),
      );
    await until('all is told', () => new Set(told()).size === services.length);
    await until('no delivery waits', async () => {
      const [row] = await s.state.query<{ open: string }>(
        "SELECT count(*) AS open FROM spendwatch.delivery WHERE state IN ('queued', 'reported')",
      );
      return row?.open === '0';
    });
    await worker.polls(3);
    const ids = await arrivedIds(s.ends);
    const deliveries = await s.state.query<{ id: string }>('SELECT id FROM spendwatch.delivery');
    // Three channels each; a repeat, if there was one, carries its id.
    expect(new Set(ids.map(bareId))).toEqual(new Set(deliveries.map(({ id }) => id)));
    const distinct = new Map(s.ends.hooks.map((hook) => [hook.headers['webhook-id'], hook]));
    const once = [...distinct.values()].flatMap(({ body }) =>
      (JSON.parse(body) as Told).data.alerts.map(({ finding }) => finding.group.service),
    );
    expect(once.sort()).toEqual(services);
    expect(ids.filter((id) => id.startsWith('<')).length).toBeGreaterThan(0);
    figures.due += deliveries.length;
    countArrivals(figures, ids);
  });

  it('a state store with a full disk: notifications follow when there is room again, once', async (test) => {
    const database = await createDatabase();
    const disk = await onSmallDisk(database.url);
    test.onTestFinished(async () => {
      await database.drop();
      await disk.remove();
    });
    const s = await scene(test, { stateUrl: database.url });
    const worker = await s.start();
    await worker.polls(1);
    await disk.fill();
    figures.faults += 1;
    console.log(`the full disk is ${disk.how}`);
    const breachAt = await comeAndGone(s);
    await redBecause(worker, /the last poll failed: .*(No space left on device|wrote only)/);
    await until('the outage is notified', () => s.ends.counts().hooks === 1 && s.ends.counts().posts === 1);
    await worker.polls(2, 'failed');
    expect(s.ends.counts()).toEqual({ mails: 0, posts: 1, hooks: 1 });
    await disk.free();
    await toldOnce(s, worker, breachAt, 1);
  });

  it('a state store that has become read-only: nothing is notified that cannot be recorded, except the outage', async (test) => {
    const s = await scene(test);
    const worker = await s.start();
    await worker.polls(1);
    const name = new URL(s.stateUrl).pathname.slice(1);
    await s.audit.sql.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    s.ways.state.drop();
    figures.faults += 1;
    const breachAt = await comeAndGone(s);
    await redBecause(worker, /the last poll failed: .*read-only transaction/);
    await until('the outage is notified', () => s.ends.counts().hooks === 1 && s.ends.counts().posts === 1);
    await worker.polls(2, 'failed');
    expect(s.ends.counts()).toEqual({ mails: 0, posts: 1, hooks: 1 });
    await s.audit.sql.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    s.ways.state.drop();
    await toldOnce(s, worker, breachAt, 1);
  });

  it('a state store that comes back as a hot standby, and is promoted later', async (test) => {
    const server = await startPostgres();
    test.onTestFinished(() => server.stop());
    const s = await scene(test, { stateUrl: server.url });
    const worker = await s.start();
    await worker.polls(1);
    await server.restartAsStandby();
    figures.faults += 1;
    await until('the standby answers', () => s.state.query('SELECT 1'));
    const breachAt = await comeAndGone(s);
    await redBecause(worker, /the last poll failed: .*read-only transaction|recovery/);
    await until('the outage is notified', () => s.ends.counts().hooks === 1 && s.ends.counts().posts === 1);
    expect(s.ends.counts()).toEqual({ mails: 0, posts: 1, hooks: 1 });
    await s.state.query('SELECT pg_promote()');
    await toldOnce(s, worker, breachAt, 1);
  });

  it('an audit store whose answers take too long: the statement is cancelled, and the next poll catches up', async (test) => {
    const s = await scene(test, { audit: 'statement_timeout: 5s' });
    const worker = await s.start();
    await worker.polls(1);
    const breachAt = await s.audit.sql.transaction({}, async (session) => {
      await session.query(FOR_AS_LONG_AS_IT_TAKES);
      await session.query('LOCK TABLE api_audit_logs IN ACCESS EXCLUSIVE MODE');
      figures.faults += 1;
      const at = await comeAndGone(s, (time) =>
        logCalls(session, [{ at: time, service: 'search', cost: '250.000000' }]),
      );
      await redBecause(worker, /the last poll failed: .*statement timeout/);
      await until('the outage is notified', () => s.ends.counts().hooks === 1 && s.ends.counts().posts === 1);
      return at;
    });
    await toldOnce(s, worker, breachAt, 1);
  });

  it('a state store whose statements are cancelled: the next poll catches up', async (test) => {
    const s = await scene(test);
    const worker = await s.start();
    await worker.polls(1);
    const breachAt = await s.state.transaction({}, async (session) => {
      await session.query(FOR_AS_LONG_AS_IT_TAKES);
      // One table: of two, taken one after the other, the worker may hold the second and wait for the first.
      await session.query('LOCK TABLE spendwatch.rule_watermark IN ACCESS EXCLUSIVE MODE');
      figures.faults += 1;
      // What the server does at a time limit, without the minute that it takes: the same SQLSTATE.
      const cancelling = setInterval(() => {
        const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        s.state.query(cancel).catch(() => undefined);
      }, 100);
      try {
        const at = await comeAndGone(s);
        await redBecause(worker, /the last poll failed: .*canceling statement/);
        await until(
          'the outage is notified',
          () => s.ends.counts().hooks === 1 && s.ends.counts().posts === 1,
        );
        return at;
      } finally {
        clearInterval(cancelling);
      }
    });
    await toldOnce(s, worker, breachAt, 1);
  });
});

/** The delivery's id in a Message-ID, a Slack post's metadata or a webhook-id. */
function bareId(id: string): string {
  return id.replace(/^<|@.*$/g, '');
}

interface Told {
  readonly data: {
    readonly alerts: readonly { readonly finding: { readonly group: { readonly service: string } } }[];
  };
}
