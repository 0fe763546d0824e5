import { describe, expect, it, type TestContext } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

/** An incident, and a hook that says nothing to the first attempts. */
async function scene(test: TestContext, hangs: number): Promise<{ folder: string; ends: Receivers }> {
  const audit = await createAuditDatabase();
  test.onTestFinished(() => audit.drop());
  const ends = await startReceivers({
    respond: (_, attempt) => (attempt <= hangs ? 'hang' : { status: 204 }),
  });
  test.onTestFinished(() => ends.close());
  const folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url: audit.url, channels: ends.channels }) });
  test.onTestFinished(() => folder.remove());
  await audit.log({ at: justNow(), service: 'search', cost: '100.000000' });
  return { folder: folder.path, ends };
}

/** Starts a worker, ends it while the hook hangs, and starts another that delivers. */
async function endedWhileSending(test: TestContext, end: 'SIGTERM' | 'SIGKILL') {
  const { folder, ends } = await scene(test, 1);
  const first = await startWorkerProcess(folder);
  await until('the others were told and the hook hangs', () => {
    const { mails, posts, hooks } = ends.counts();
    return mails === 1 && posts === 1 && hooks === 1;
  });
  const stopped = await first.stop(end);
  const second = await startWorkerProcess(folder);
  test.onTestFinished(async () => void (await second.stop('SIGKILL')));
  await until('the hook has it again', () => ends.hooks.length === 2);
  await second.polls(3);
  return { stopped, ends };
}

// Each has its own parts and mostly waits.
describe.concurrent('a webhook that hangs', () => {
  it('does not hold a worker that is to stop; the next one sends the same bytes under the same id', async (test) => {
    const { stopped, ends } = await endedWhileSending(test, 'SIGTERM');
    expect(stopped.code).toBe(0);
    const [first, second] = ends.hooks;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    expect(second?.verified).toBe(true);
    expect(ends.counts()).toEqual({ mails: 1, posts: 1, hooks: 2 });
  });

  it('is sent to again within a minute after the worker was killed', async (test) => {
    const { ends } = await endedWhileSending(test, 'SIGKILL');
    const [first, second] = ends.hooks;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    expect(ends.counts()).toEqual({ mails: 1, posts: 1, hooks: 2 });
  });

  it('ends check --notify after some thirty seconds, is named, and changes no code', async (test) => {
    const { folder, ends } = await scene(test, Number.POSITIVE_INFINITY);
    const now = new Date().toISOString();
    const { code, stderr } = await spendwatch(['check', '--notify', '--at', now], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain('1 still queued for billing');
    expect(ends.counts()).toMatchObject({ mails: 1, posts: 1 });
    expect(new Set(ends.hooks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });
});
