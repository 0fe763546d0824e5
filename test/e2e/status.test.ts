import { expect, it } from 'vitest';
import { historySchema } from '../../src/history/schema.ts';
import { statusSchema } from '../../src/status/schema.ts';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

it('status, history and retry follow an alert whose webhook gave it up, beside a worker with the embedded store', async (test) => {
  // The hook has gone, and comes back.
  const ends = await startReceivers({ respond: (_, attempt) => ({ status: attempt === 1 ? 410 : 204 }) });
  test.onTestFinished(() => ends.close());
  const folder = await makeFolder({
    'alerts.yaml': alertsYaml({ url: 'pglite:./store', channels: ends.channels }),
    'gone.yaml': alertsYaml({
      url: 'pglite:./store',
      channels: ends.channels.replace(/^ {2}billing:.*\n/m, ''),
    }).replace(', billing]', ']'),
  });
  test.onTestFinished(() => folder.remove());
  const run = (...args: string[]) => spendwatch(args, { cwd: folder.path });
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--format', 'json');
    expect([code, stderr]).toEqual([0, '']);
    const found = JSON.parse(stdout);
    expect((args[0] === 'status' ? statusSchema : historySchema).parse(found)).toEqual(found);
    return found;
  };

  const none = await run('status');
  expect(none).toMatchObject({ code: 1, stdout: '' });
  expect(none.stderr).toMatch(/no worker has kept its state here: there is no embedded store in .*store/);
  const call = { time: justNow().toISOString(), service: 'search', model: 'gpt-4.1', cost: 120 };
  await spendwatch(['import', '-'], { cwd: folder.path, stdin: JSON.stringify(call) });
  const empty = await run('history');
  expect(empty).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no worker has kept its state in this database yet/),
  });

  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
  const lost = async () => (await json('history', '--channel', 'billing')).deliveries;
  await until('the hook gave it up', async () => (await lost())[0]?.outcome === 'given_up');

  const status = await json('status');
  expect(status).toMatchObject({
    worker: 'leads',
    poll: { last: expect.stringMatching(/^20/), behind: [] },
    alerts: [
      {
        rule: 'hourly-burn',
        group: { service: 'search' },
        severity: 'critical',
        value: 120,
        state: 'firing',
      },
    ],
    incidents: [{ subject: 'service search', alerts: 1, rules: ['hourly-burn'] }],
  });
  expect(status.alerts[0].incident).toBe(status.incidents[0].id);
  const queues = status.channels.map(({ channel, pending, given_up }: Record<string, unknown>) => [
    channel,
    pending,
    given_up,
  ]);
  expect(queues).toContainEqual(['billing', 0, 1]);

  const [delivery] = await lost();
  const id = ends.hooks[0]?.headers['webhook-id'];
  expect(delivery).toMatchObject({
    id,
    rule: 'hourly-burn',
    alerts: [{ group: { service: 'search' }, reason: 'new', severity: 'critical' }],
    failure: { reason: 'refused', text: expect.stringContaining('410') },
  });
  const table = await run('history', '--rule', 'hourly-burn', '--rule', 'hourly-brun');
  expect(table.stderr).toMatch(/warning: there is no rule hourly-brun in .*; did you mean hourly-burn\?/);
  expect(table.stdout).toMatch(/critical +hourly-burn +search +new +oncall +delivered/);
  expect(table.stdout).toMatch(new RegExp(`new +billing +given up\n +${id} tried once: .*410`));

  const elsewhere = await run('history', 'retry', String(id), '-c', 'gone.yaml');
  expect(elsewhere).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the channel billing, which .*gone.yaml does not have/),
  });
  const unknown = await run('history', 'retry', 'msg_none');
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/there is no delivery msg_none/) });
  const retried = await run('history', 'retry', `<${id}@spendwatch>`);
  expect(retried).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^queued msg_\w+ for billing again/),
  });
  await until('it is delivered', async () => (await lost())[0]?.outcome === 'delivered');
  const [first, second] = ends.hooks;
  expect(ends.hooks).toHaveLength(2);
  expect([second?.headers['webhook-id'], second?.body]).toEqual([id, first?.body]);
  const again = await run('history', 'retry', String(id));
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/was delivered to billing at/) });

  // A worker that is gone leaves the state to be read.
  await worker.stop();
  expect(await json('status')).toMatchObject({ worker: 'none', alerts: [{ rule: 'hourly-burn' }] });
  expect((await run('history', '--since', 'ever')).code).toBe(2);
  expect((await run('status', '-c', 'nowhere.yaml')).code).toBe(2);
});

it('a worker on a PostgreSQL server leads for the file that it has', async (test) => {
  const audit = await createAuditDatabase();
  const ends = await startReceivers();
  const text = alertsYaml({ url: audit.url, channels: ends.channels });
  const folder = await makeFolder({ 'alerts.yaml': text, 'other.yaml': text });
  test.onTestFinished(async () => {
    await Promise.all([ends.close(), folder.remove()]);
    await audit.drop();
  });
  const run = (...args: string[]) => spendwatch(args, { cwd: folder.path });
  expect(await run('status')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no worker has kept its state/),
  });
  const worker = await startWorkerProcess(folder.path);
  await worker.polls(2);
  expect((await run('status')).stdout).toMatch(/^last poll .* ago\); a worker leads\n/);
  expect((await run('status', '-c', 'other.yaml')).stdout).toMatch(
    /; only a worker with another file leads\n/,
  );
  expect((await worker.stop()).code).toBe(0);
  expect((await run('status')).stdout).toMatch(/; no worker runs\n/);
});
