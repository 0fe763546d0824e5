import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { startSlackReceiver } from '../../src/demo/slack-receiver.ts';
import type { CronSchedule } from '../../src/model/cron-schedule.ts';
import { ruleFingerprints } from '../../src/model/fingerprint.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { Source } from '../../src/pipeline/collect.ts';
import { type PollReport, poll } from '../../src/pipeline/poll.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import type { Sql } from '../../src/sql/port.ts';
import { openState } from '../../src/state/open.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { startScheduler } from '../../src/worker/scheduler.ts';
import { faultsForSlack, type SlackBlock } from '../channels/slack-limits.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

/** `SPENDWATCH_FAULT_LONG=1`: the full number of messages a channel, which takes four minutes. */
const isLong = Boolean(process.env.SPENDWATCH_FAULT_LONG);
const figures: string[] = [];

afterAll(() => {
  console.info(['load:', ...figures].join('\n  '));
});

describe('5,000 users over a limit in one poll', () => {
  const USERS = 5_000;
  let audit: AuditDatabase;
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let worker: WorkerProcess;

  beforeAll(async () => {
    audit = await createAuditDatabase();
    ends = await startReceivers();
    folder = await makeFolder({
      'alerts.yaml': alertsYaml({
        url: audit.url,
        channels: ends.channels,
        rules: `  - name: user-burn
    type: threshold
    metric: spend
    window: 1h
    group_by: [user]
    threshold: 10
    notify: [oncall, finance, billing]
`,
      }),
    });
    // The largest have names that grow fivefold when they are escaped, so that what is shown is as long as it can be.
    await audit.sql.query(
      `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint,
         input_tokens, actual_output_tokens, status_code, cost_usd)
       SELECT gen_random_uuid(), $1, 'search', CASE WHEN n > $2 - 20 THEN repeat('<&>*', 20) ELSE '' END || 'user-' || n,
         'gpt-4.1', '/v1/chat', 1000, 100, 200, 10 + n / 1000.0
       FROM generate_series(1, $2::int) AS n`,
      [justNow(), USERS],
    );
    worker = await startWorkerProcess(folder.path);
  });

  afterAll(async () => {
    await worker?.stop('SIGKILL');
    await Promise.all([ends?.close(), audit?.drop(), folder?.remove()]);
  });

  it('make one message per channel, and nothing more in the polls that follow', async () => {
    await until('each channel has its message', () => Object.values(ends.counts()).every((n) => n >= 1));
    await worker.polls(3);
    expect(ends.counts()).toEqual({ mails: 1, posts: 1, hooks: 1 });
    expect(await worker.metric('spendwatch_findings', { rule: 'user-burn' })).toBe(USERS);
    const [said] = await audit.sql.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM spendwatch.notification',
    );
    expect(said?.n).toBe(USERS);
    const [sum, count] = [
      await worker.metric('spendwatch_poll_duration_seconds_sum'),
      await worker.metric('spendwatch_poll_duration_seconds_count'),
    ];
    const mean = Math.round((1_000 * (sum ?? 0)) / (count ?? 1));
    figures.push(`${USERS} users over a limit: 3 messages, ${USERS} notifications, ${mean} ms a poll`);
  });

  it('are notified on Slack within its limits, the ten largest shown and the rest counted', () => {
    const [post] = ends.posts as [{ text: string; blocks: SlackBlock[] }];
    expect(faultsForSlack(post.blocks)).toEqual([]);
    expect(post.text).toContain('(+4,999 more)');
    expect(JSON.stringify(post.blocks)).toContain('And 4,990 more, smaller than these.');
    expect(textsOf(post.blocks).filter((text) => /^\*.* in 1h\*$/m.test(text))).toHaveLength(10);
  });

  it('are notified in an email that a person can read', async () => {
    const [mail] = ends.mails;
    const { subject, text = '', html = '' } = await PostalMime.parse(mail?.raw ?? '');
    expect(subject).toMatch(/^\[WARNING\] user-burn: .* \$15\.00 in 1h \(limit \$10\.00\) \(\+4,999 more\)$/);
    for (const part of [text, html]) expect(part).toContain('And 4,990 more, smaller than these.');
    expect(text.match(/\$10\.00 or more is warning/g)).toHaveLength(10);
    // Some mailers cut what is longer than 100 kB, and a person reads no 5,000 lines.
    expect(Buffer.byteLength(html)).toBeLessThan(100_000);
    expect(text.split('\n').length).toBeLessThan(250);
    figures.push(
      `its email: ${text.split('\n').length} lines of text, ${Buffer.byteLength(html)} bytes of HTML`,
    );
  });

  it('are notified on the webhook with ten findings and the number of the others', () => {
    const { data } = JSON.parse(ends.hooks[0]?.body ?? '') as { data: { alerts: unknown[]; more: number } };
    expect(data.alerts).toHaveLength(10);
    expect(data.more).toBe(USERS - 10);
  });
});

// Each of these has its own parts and mostly waits.
describe.concurrent('200 rules that fire at once for 10 Slack channels which get a message per rule', () => {
  const RULES = 200;
  const CHANNELS = 10;
  // In the short run each rule tells one channel, in the long one each rule tells all ten.
  const perChannel = isLong ? RULES : RULES / CHANNELS;
  const all = perChannel * CHANNELS;

  it('all arrive, each once, and no channel gets more than one message a second', async (test) => {
    const audit = await createAuditDatabase();
    test.onTestFinished(() => audit.drop());
    const arrivals = new Map<string, { at: number; rule: string }[]>();
    const slack = await startSlackReceiver({
      onPost: ({ channel, text }) => {
        const rule = /rule-\d+/.exec(String(text))?.[0] ?? 'none';
        arrivals.set(String(channel), [
          ...(arrivals.get(String(channel)) ?? []),
          { at: performance.now(), rule },
        ]);
      },
    });
    test.onTestFinished(() => slack.close());
    const names = Array.from({ length: CHANNELS }, (_, i) => `team-${i}`);
    const keys = `type: slack, token: xoxb-test, api_url: "${slack.apiUrl}", group: false`;
    const rules = Array.from({ length: RULES }, (_, i) => {
      const notify = isLong ? names : [names[i % CHANNELS]];
      return `  - { name: rule-${i}, type: threshold, metric: spend, window: 1h, threshold: ${i + 1}, notify: [${notify}] }`;
    });
    const folder = await makeFolder({
      'alerts.yaml': alertsYaml({
        url: audit.url,
        channels: `channels:\n${names.map((name) => `  ${name}: { ${keys}, channel: "#${name}" }`).join('\n')}`,
        rules: rules.join('\n'),
      }),
    });
    test.onTestFinished(() => folder.remove());
    await audit.log({ at: justNow(), service: 'search', cost: '250.000000' });
    const worker = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await worker.stop('SIGKILL')));

    await until(`${all} messages have arrived`, () => slack.posts.length >= all);
    await worker.polls(2);
    expect(slack.posts).toHaveLength(all);
    expect(arrivals.size).toBe(CHANNELS);
    const gaps = [...arrivals.values()].flatMap((seen) => {
      expect(new Set(seen.map(({ rule }) => rule)).size).toBe(perChannel);
      return seen.slice(1).map(({ at }, i) => at - (seen[i]?.at ?? 0));
    });
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    // Side by side: every channel had its second message before any had its last.
    const seconds = [...arrivals.values()].map((seen) => seen[1]?.at ?? 0);
    const lasts = [...arrivals.values()].map((seen) => seen.at(-1)?.at ?? 0);
    expect(Math.max(...seconds)).toBeLessThan(Math.min(...lasts));
    figures.push(
      `${RULES} rules, ${CHANNELS} channels: ${all} messages, shortest time between two on one channel ` +
        `${Math.round(Math.min(...gaps))} ms, ${perChannel} a channel`,
    );
  });
});

describe.concurrent('a poll that takes longer than its interval', () => {
  it('is not joined by another, and its successor judges each instant between them once', async (test) => {
    const audit = await slowAuditDatabase(test, 2_300);
    const state = await openState(audit.sql);
    const store = postgres.open(audit.sql, { columns: SLOW_STATUS }, null);
    const rule = ruleOf('threshold', { name: 'slow', metric: 'errors', window: '5m', threshold: 1e9 });
    const seen = instantsAsked(store);
    const polls: { at: number; ms: number; report: PollReport }[] = [];
    let now = 0;
    let most = 0;
    const scheduler = startScheduler(
      {
        async poll(at) {
          now += 1;
          most = Math.max(most, now);
          const begun = performance.now();
          const report = await poll({ ...partsOf(rule), store, source: seen.source, state }, at, Date.now);
          polls.push({ at, ms: performance.now() - begun, report });
          now -= 1;
        },
        deliver: () => undefined,
      },
      EVERY_SECOND,
      Date.now,
    );
    try {
      await until('two slow polls have ended', () => polls.length >= 2);
      await sleepEach(audit.sql, 0);
      const slow = polls.length;
      await until('three more polls have ended', () => polls.length >= slow + 3);
    } finally {
      await scheduler.stop();
    }
    expect(polls.map(({ report }) => report.error)).toEqual(polls.map(() => null));
    expect(most).toBe(1);
    const slow = polls.filter(({ ms }) => ms > 1_000);
    expect(slow.length).toBeGreaterThanOrEqual(2);
    // A backlog would be polled without a pause: here every poll is for an instant after that of the one before.
    const first = polls[0]?.at ?? 0;
    const last = polls.at(-1)?.at ?? 0;
    expect(polls.length).toBeLessThan((last - first) / 1_000);
    const due = EVERY_SECOND.instants(first, last + 1);
    expect(seen.judged()).toEqual(due);
    figures.push(
      `a store that takes ${Math.round(slow[0]?.ms ?? 0)} ms at an interval of 1,000 ms: ${polls.length} polls for ${due.length} ` +
        'instants, each judged once, never two polls at a time',
    );
  });

  it('does not pile up in the worker: one poll at a time, one message a rule, and a stop in under five seconds', async (test) => {
    // A poll asks several times, and the build of cells comes between.
    const audit = await slowAuditDatabase(test, 800);
    const ends = await startReceivers();
    test.onTestFinished(() => ends.close());
    const yaml = alertsYaml({
      url: audit.url,
      channels: ends.channels,
      rules: `  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 1, notify: [billing] }
  - { name: failures, type: threshold, metric: errors, window: 1h, threshold: 1, operator: "<", notify: [billing] }
`,
    });
    const slowly = 'preset: api_audit_logs, columns: { status: { sql: "slow_status(status_code)" } }';
    const folder = await makeFolder({ 'alerts.yaml': yaml.replace('preset: api_audit_logs', slowly) });
    test.onTestFinished(() => folder.remove());
    const worker = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
    let most = 0;
    const begun = performance.now();
    await until('three slow polls have ended', async () => {
      const [busy] = await audit.sql.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'active' AND query LIKE '%slow_status%' AND pid <> pg_backend_pid()`,
      );
      most = Math.max(most, busy?.n ?? 0);
      return ((await worker.metric('spendwatch_polls_total', { result: 'ok' })) ?? 0) >= 3;
    });
    const seconds = (performance.now() - begun) / 1_000;
    // One reads for the poll, and one builds cells beside it.
    expect(most).toBeGreaterThanOrEqual(1);
    expect(most).toBeLessThanOrEqual(2);
    expect(seconds).toBeGreaterThan(3);
    await sleepEach(audit.sql, 0);
    const before = (await worker.metric('spendwatch_polls_total', { result: 'ok' })) ?? 0;
    const quick = performance.now();
    await worker.polls(3);
    // A backlog of the polls that did not take place would come in a burst.
    const caughtUp = ((await worker.metric('spendwatch_polls_total', { result: 'ok' })) ?? 0) - before;
    expect(caughtUp).toBeLessThanOrEqual((performance.now() - quick) / 1_000 + 2);
    expect(ends.counts().hooks).toBe(2);
    await sleepEach(audit.sql, 3_600_000);
    await until('a poll hangs', async () => {
      const [busy] = await audit.sql.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
      );
      return (busy?.n ?? 0) > 0;
    });
    const { code, ms } = await worker.stop('SIGTERM');
    expect(code).toBe(0);
    figures.push(
      `worker on the slow store: at most ${most} reads at once; asked to stop in a poll of an hour: gone after ${Math.round(ms)} ms`,
    );
  });
});

const SLOW_STATUS = { status: { sql: 'slow_status(status_code)' } };

/**
 * A store with ten minutes of calls and a column that costs time: `slow_status` sleeps once a statement, as long as the
 * table `slowness` says.
 */
async function slowAuditDatabase(test: TestContext, ms: number): Promise<AuditDatabase> {
  const audit = await createAuditDatabase();
  test.onTestFinished(() => audit.drop());
  await audit.sql.query('CREATE TABLE slowness (ms int NOT NULL)');
  await audit.sql.query('INSERT INTO slowness VALUES ($1)', [ms]);
  await audit.sql.query(
    `CREATE FUNCTION slow_status(status int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
     BEGIN
       IF current_setting('slow.statement', true) IS DISTINCT FROM statement_timestamp()::text THEN
         PERFORM set_config('slow.statement', statement_timestamp()::text, false);
         PERFORM pg_sleep(slowness.ms / 1000.0) FROM slowness;
       END IF;
       RETURN status;
     END $$`,
  );
  await audit.sql.query(
    `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint,
       input_tokens, actual_output_tokens, status_code, cost_usd)
     SELECT gen_random_uuid(), now() - n * interval '1 second', 'search', 'u1', 'gpt-4.1', '/v1/chat', 1, 1, 200, 0.01
     FROM generate_series(1, 600) AS n`,
  );
  return audit;
}

async function sleepEach(sql: Sql, ms: number): Promise<void> {
  await sql.query('UPDATE slowness SET ms = $1', [ms]);
}

/** A schedule whose instants are seconds, so that a test need not last for minutes. */
const EVERY_SECOND: CronSchedule = {
  hasSeconds: true,
  isDue: () => true,
  latest(now, after = Number.NEGATIVE_INFINITY) {
    const at = Math.floor(now / 1_000) * 1_000;
    return at > after ? at : null;
  },
  instants: secondsBetween,
  everyInstant: secondsBetween,
};

function secondsBetween(from: number, to: number): number[] {
  const first = Math.ceil(from / 1_000) * 1_000;
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / 1_000)) }, (_, i) => first + i * 1_000);
}

function partsOf(rule: Rule) {
  const identity = { name: rule.name, identity: ruleTypeOf(rule).identity(rule) };
  return {
    dimensions: new Set(['service']),
    rules: [rule],
    file: { id: 'alerts.yaml', fingerprints: [...ruleFingerprints([identity]).values()] },
    fingerprints: ruleFingerprints([identity]),
    silences: [],
    zone: 'UTC',
    schedule: EVERY_SECOND,
    channels: new Map(),
    incidents: { by: null, intervalMs: 0, terms: new Map() },
  };
}

/** The store, and the instants whose windows were read: the ends of the five minutes that each statement asked for. */
function instantsAsked(store: Source): { readonly source: Source; judged(): number[] } {
  const asked: number[] = [];
  return {
    source: {
      read(reads, before) {
        const edges = new Set(reads.flatMap((read) => read.edges));
        asked.push(...[...edges].filter((edge) => edges.has(edge - 5 * 60_000) && edge <= before));
        return store.read(reads, before);
      },
    },
    judged: () => asked.sort((a, b) => a - b),
  };
}

function textsOf(blocks: readonly SlackBlock[]): string[] {
  return blocks.flatMap(({ text, fields = [], elements = [] }) =>
    [...(text === undefined ? [] : [text]), ...fields, ...elements].map((one) => one.text),
  );
}
