import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpReceiver } from '../../src/demo/http-receiver.ts';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { samplesOf } from '../support/exposition.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

describe('a worker that is left alone with an incident', () => {
  let audit: AuditDatabase;
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let heart: Awaited<ReturnType<typeof startHttpReceiver>>;
  let worker: WorkerProcess;
  let beats = 0;
  let startedAt = 0;

  beforeAll(async () => {
    audit = await createAuditDatabase();
    ends = await startReceivers();
    heart = await startHttpReceiver(() => {
      beats += 1;
      return { status: 200 };
    });
    folder = await makeFolder({
      'alerts.yaml': alertsYaml({
        url: audit.url,
        channels: ends.channels,
        more: `heartbeat: { url: "http://127.0.0.1:${heart.port}/ping" }\n`,
      }),
    });
    const at = justNow();
    await audit.log(
      { at, service: 'search', cost: '312.456789' },
      { at, service: 'quiet', cost: '49.999999' },
    );
    startedAt = performance.now();
    worker = await startWorkerProcess(folder.path);
  });

  afterAll(async () => {
    await worker?.stop('SIGKILL');
    await Promise.all([ends?.close(), heart?.close(), audit?.drop(), folder?.remove()]);
  });

  const told = (times: number): Promise<unknown> =>
    until(`each channel has ${times} messages`, () => {
      const { mails, posts, hooks } = ends.counts();
      return mails >= times && posts >= times && hooks >= times;
    });
  const exactly = (times: number) => ({ mails: times, posts: times, hooks: times });

  it('notifies each channel once, with the sum, the service and the limit', async () => {
    await told(1);
    const [mail] = ends.mails;
    const [post] = ends.posts;
    const [hook] = ends.hooks;
    expect(mail?.raw).toContain('Subject: [CRITICAL] hourly-burn: search $312.46 in 1h (limit $100.00)');
    expect(post?.text).toContain('search $312.46');
    expect(hook?.verified).toBe(true);
    expect(hook?.body).toContain('"value":312.456789');
    expect(JSON.parse(hook?.body ?? '')).toMatchObject({
      type: 'alert.firing',
      data: {
        rule: 'hourly-burn',
        severity: 'critical',
        message: 'Immediate attention required',
        alerts: [{ ongoing: false, finding: { group: { service: 'search' }, bound: 100 } }],
        more: 0,
      },
    });
  });

  it('notifies nothing more over thirty polls, while a little more is spent', async () => {
    await audit.log({ at: justNow(), service: 'search', cost: '5.000000' });
    await worker.polls(30);
    expect(ends.counts()).toEqual(exactly(1));
    const fires = { rule: 'hourly-burn', severity: 'critical' };
    expect(await worker.metric('spendwatch_findings', fires)).toBe(1);
    const seen = { rule: 'hourly-burn', service: 'search' };
    expect(await worker.metric('spendwatch_rule_value', seen)).toBe(317.456789);
  });

  it('is alive and ready, refuses what is not reading, and has every promised metric', async () => {
    expect((await worker.get('/healthz')).status).toBe(200);
    await worker.ready();
    expect((await worker.get('/metrics', 'POST')).status).toBe(405);
    expect((await worker.get('/healthz', 'DELETE')).status).toBe(405);
    expect((await worker.get('/reload')).status).toBe(404);
    const names = new Set(samplesOf((await worker.get('/metrics')).text).map(({ name }) => name));
    expect([...names]).toEqual(
      expect.arrayContaining([
        'spendwatch_polls_total',
        'spendwatch_poll_duration_seconds_bucket',
        'spendwatch_rows_read_total',
        'spendwatch_rule_value',
        'spendwatch_findings',
        'spendwatch_deliveries_total',
        'spendwatch_queue_length',
        'spendwatch_newest_row_age_seconds',
        'spendwatch_config_reloads_total',
        'spendwatch_config_last_reload_successful',
        'spendwatch_build_info',
        'spendwatch_leader',
      ]),
    );
    expect(
      await worker.metric('spendwatch_deliveries_total', { channel: 'billing', outcome: 'delivered' }),
    ).toBe(1);
  });

  it('asked for a heartbeat once a minute at most, however often it polled', async () => {
    // More than thirty polls have gone by.
    const minutes = Math.floor((performance.now() - startedAt) / 60_000);
    expect(beats).toBeGreaterThanOrEqual(1);
    expect(beats).toBeLessThanOrEqual(1 + minutes);
  });

  it('stops cleanly on request, and notifies nothing again after a restart', async () => {
    expect((await worker.stop('SIGTERM')).code).toBe(0);
    worker = await startWorkerProcess(folder.path);
    await worker.polls(3);
    expect(ends.counts()).toEqual(exactly(1));
  });

  it('notifies nothing again after it was killed', async () => {
    expect((await worker.stop('SIGKILL')).code).toBeNull();
    worker = await startWorkerProcess(folder.path);
    await worker.polls(3);
    expect(ends.counts()).toEqual(exactly(1));
  });

  it('notifies a second service that breaches later, once, also with two replicas', async () => {
    const replica = await startWorkerProcess(folder.path);
    await until('it stands by', () =>
      replica.log().some(({ msg }) => msg === 'standing by: another worker polls'),
    );
    await audit.log({ at: justNow(), service: 'billing-bot', cost: '60.000001' });
    await told(2);
    await worker.polls(3);
    await replica.stop();
    expect(ends.counts()).toEqual(exactly(2));
    expect(ends.mails[1]?.raw).toContain(
      'Subject: [WARNING] hourly-burn: billing-bot $60.00 in 1h (limit $50.00)',
    );
  });

  it('notifies the first service again when it has grown tenfold', async () => {
    await audit.log({ at: justNow(), service: 'search', cost: '4000.000000' });
    await told(3);
    await worker.polls(3);
    expect(ends.counts()).toEqual(exactly(3));
    expect(ends.hooks[2]?.body).toContain('"value":4317.456789');
  });
});
