import { describe, expect, it, type TestContext } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { createDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { hookTypes, type Receivers, startReceivers } from '../support/receivers.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

interface Scene {
  readonly audit: AuditDatabase;
  readonly proxy: TcpProxy;
  /** The way to the state store. */
  readonly stateProxy: TcpProxy;
  readonly ends: Receivers;
  readonly folder: string;
}

/** The audit store behind a proxy, and the state store in it or, behind another one, on its own. */
async function scene(test: TestContext, state: 'with the audit store' | 'on its own'): Promise<Scene> {
  const audit = await createAuditDatabase();
  test.onTestFinished(() => audit.drop());
  const own = state === 'on its own' ? await createDatabase() : null;
  test.onTestFinished(async () => own?.drop());
  const proxy = await startTcpProxy(audit.url);
  test.onTestFinished(() => proxy.close());
  const stateProxy = own === null ? proxy : await startTcpProxy(own.url);
  test.onTestFinished(() => stateProxy.close());
  const ends = await startReceivers();
  test.onTestFinished(() => ends.close());
  const more = `${own === null ? '' : `state: { url: "${stateProxy.url}" }\n`}health: { notify: [oncall, billing] }\n`;
  const { channels } = ends;
  const folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url: proxy.url, channels, more }) });
  test.onTestFinished(() => folder.remove());
  return { audit, proxy, stateProxy, ends, folder: folder.path };
}

async function start(test: TestContext, folder: string): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(folder);
  test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
  return worker;
}

/** A breach, once the store can be reached again; both are notified, each on two channels. */
async function recover({ audit, proxy, ends }: Pick<Scene, 'audit' | 'proxy' | 'ends'>): Promise<void> {
  await audit.log({ at: justNow(), service: 'search', cost: '250.000000' });
  await proxy.restore();
  await until(
    'the end and the breach are notified',
    () => ends.hooks.length === 3 && ends.posts.length === 3,
  );
}

const countOf = ({ hooks, posts }: Receivers, type: string, words: string) => ({
  hooks: hookTypes(hooks).filter((one) => one === type).length,
  posts: posts.filter(({ text }) => String(text).includes(words)).length,
});
const BEGINS = ['health.blind', 'spendwatch cannot see'] as const;
const ENDS = ['health.sees', 'spendwatch can see again'] as const;

// Each has its own parts and mostly waits for polls.
describe.concurrent('an outage', () => {
  it('is notified once on each channel of health, ends with one message, and hides no breach', async (test) => {
    const { audit, proxy, ends, folder } = await scene(test, 'on its own');
    await audit.log({ at: new Date(1_740_000_000_000), service: 'quiet', cost: '1.000000' });
    const worker = await start(test, folder);
    await worker.polls(1);
    await worker.ready();

    await proxy.cut();
    await worker.polls(2, 'failed');
    expect((await worker.get('/healthz')).status).toBe(200);
    await until('it is notified', () => ends.hooks.length === 1 && ends.posts.length === 1);
    expect(ends.hooks[0]?.body).toContain('"data_as_of":"2025-02-19T21:20:00Z"');
    const ready = await worker.get('/readyz');
    expect(ready.status).toBe(503);
    expect(ready.text).toMatch(/^not ready: the last poll failed: .*127\.0\.0\.1/);
    await worker.polls(5, 'failed');
    expect(countOf(ends, ...BEGINS)).toEqual({ hooks: 1, posts: 1 });
    expect(ends.counts()).toEqual({ mails: 0, posts: 1, hooks: 1 });

    await recover({ audit, proxy, ends });
    await worker.polls(4);
    expect(countOf(ends, ...ENDS)).toEqual({ hooks: 1, posts: 1 });
    expect(hookTypes(ends.hooks).sort()).toEqual(['alert.firing', 'health.blind', 'health.sees']);
    expect(ends.counts()).toEqual({ mails: 1, posts: 3, hooks: 3 });
    await worker.ready();
  });

  it('is notified directly, once, where the state store is unreachable too, also at a start', async (test) => {
    const { audit, proxy, ends, folder } = await scene(test, 'with the audit store');
    await proxy.cut();
    const worker = await start(test, folder);
    await until('it is notified', () => ends.hooks.length === 1 && ends.posts.length === 1);
    await worker.polls(5, 'failed');
    expect((await worker.get('/healthz')).status).toBe(200);
    expect((await worker.get('/readyz')).text).toMatch(/not ready: the state store cannot be used: /);
    expect(countOf(ends, ...BEGINS)).toEqual({ hooks: 1, posts: 1 });

    await recover({ audit, proxy, ends });
    await worker.polls(4);
    expect(countOf(ends, ...BEGINS)).toEqual({ hooks: 1, posts: 1 });
    expect(countOf(ends, ...ENDS)).toEqual({ hooks: 1, posts: 1 });
    expect(ends.counts()).toEqual({ mails: 1, posts: 3, hooks: 3 });
  });

  it('that was notified directly is sent again by the next worker under the same id, but not where Slack shows it', async (test) => {
    const { proxy, stateProxy, ends, folder } = await scene(test, 'on its own');
    await Promise.all([proxy.cut(), stateProxy.cut()]);
    const first = await start(test, folder);
    await until('it is notified', () => ends.hooks.length === 1 && ends.posts.length === 1);
    await first.stop('SIGKILL');
    await stateProxy.restore();
    const second = await start(test, folder);
    const arrived = () =>
      second
        .log()
        .flatMap(({ msg, channel, answer }) => (msg === 'delivered' ? [`${channel}: ${answer}`] : []));
    await until('both channels have it by the ledger', () => arrived().length === 2);
    expect(arrived().sort()).toEqual(['billing: HTTP 204', 'oncall: already in the channel']);
    expect(ends.counts()).toEqual({ mails: 0, posts: 1, hooks: 2 });
    expect(new Set(ends.hooks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('begins with a missing table, and ends when the table is back', async (test) => {
    const { audit, ends, folder } = await scene(test, 'on its own');
    const worker = await start(test, folder);
    await worker.polls(1);
    await audit.sql.query('ALTER TABLE api_audit_logs RENAME TO elsewhere');
    await until('it is notified', () => ends.hooks.length === 1);
    expect(ends.hooks[0]?.body).toContain('api_audit_logs');
    await audit.sql.query('ALTER TABLE elsewhere RENAME TO api_audit_logs');
    await until('its end is notified', () => hookTypes(ends.hooks)[1] === 'health.sees');
    await worker.polls(2);
    expect(ends.hooks).toHaveLength(2);
  });
});
