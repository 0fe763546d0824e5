import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsYaml, HOURLY_BURN } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { HOOK_SECRET, type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const OLD_SECRET = 'an older secret of this hook';

describe('a reload', () => {
  let audit: AuditDatabase;
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let worker: WorkerProcess;

  const calls = `  - { name: calls-today, type: threshold, metric: calls, window: today, threshold: 1000 }\n`;
  const tokens = `  - { name: tokens-today, type: threshold, metric: tokens, window: today, threshold: 1e9 }\n`;
  const fileWith = (rules: string): string =>
    alertsYaml({
      url: audit.url,
      channels: `channels: { billing: { type: webhook, url: "${ends.hookUrl}", secret_file: ./hook-secret } }`,
      rules: rules.replace('notify: [oncall, finance, billing]', 'notify: [billing]'),
      more: 'defaults: { notify: [billing] }\n',
    });
  const reloads = (result: 'ok' | 'failed') => worker.metric('spendwatch_config_reloads_total', { result });
  const watches = (rule: string) => until(`${rule} is watched`, () => isWatched(rule));
  /** Without what was said of the broken file. */
  const alerts = () => ends.hooks.filter(({ body }) => body.includes('"alert.firing"'));
  const isWatched = async (rule: string): Promise<boolean> =>
    (await worker.metric('spendwatch_rule_value', { rule })) !== null;

  beforeAll(async () => {
    audit = await createAuditDatabase();
    ends = await startReceivers();
    folder = await makeFolder({ 'hook-secret': OLD_SECRET });
    await folder.write('alerts.yaml', fileWith(HOURLY_BURN));
    await audit.log({ at: justNow(), service: 'search', cost: '1.000000' });
    worker = await startWorkerProcess(folder.path);
    await worker.polls(1);
  });

  afterAll(async () => {
    await worker?.stop('SIGKILL');
    await Promise.all([ends?.close(), audit?.drop(), folder?.remove()]);
  });

  it('follows an edit of the file in place', async () => {
    expect(await isWatched('calls-today')).toBe(false);
    await folder.write('alerts.yaml', fileWith(HOURLY_BURN + calls));
    await watches('calls-today');
    expect(await reloads('ok')).toBe(1);
  });

  it('follows a file that takes the place of the old one', async () => {
    const beside = join(folder.path, 'alerts.yaml.new');
    await writeFile(beside, fileWith(HOURLY_BURN + tokens));
    await rename(beside, join(folder.path, 'alerts.yaml'));
    await watches('tokens-today');
    expect(await isWatched('calls-today')).toBe(false);
  });

  it('keeps the old rules when the file is broken, says where, and heals with the next edit', async () => {
    const good = fileWith(HOURLY_BURN + calls);
    await folder.write('alerts.yaml', good.replace('window: today', 'window: tomorrow'));
    await until('the reload has failed', async () => (await reloads('failed')) === 1);
    expect(await worker.metric('spendwatch_config_last_reload_successful')).toBe(0);
    const fault = worker.log().findLast(({ level }) => level === 'error');
    expect(fault?.msg).toMatch(/alerts\.yaml:\d+:\d+ rules\[\d\]\.window \(.*\): ".*" is not a window/);
    await worker.polls(1);
    expect(await isWatched('tokens-today')).toBe(true);

    await folder.write('alerts.yaml', good);
    await watches('calls-today');
    expect(await worker.metric('spendwatch_config_last_reload_successful')).toBe(1);
  });

  it('comes with SIGHUP, without an edit', async () => {
    const before = (await reloads('ok')) ?? 0;
    worker.signal('SIGHUP');
    await until('it was read again', async () => (await reloads('ok')) === before + 1);
    await worker.polls(1);
  });

  it('takes over a changed secret file', async () => {
    const before = (await reloads('ok')) ?? 0;
    await folder.write('hook-secret', `${HOOK_SECRET}\n`);
    await until('it was read again', async () => (await reloads('ok')) === before + 1);
    await audit.log({ at: justNow(), service: 'search', cost: '70.000000' });
    await until('the hook was told', () => alerts().length === 1);
    expect(alerts()[0]?.verified).toBe(true);
  });

  it('notifies nothing again when only wording and order change', async () => {
    const reordered = (calls + HOURLY_BURN).replace('Immediate attention required', 'Look at it');
    const before = (await reloads('ok')) ?? 0;
    await folder.write('alerts.yaml', fileWith(reordered));
    await until('it was read again', async () => (await reloads('ok')) === before + 1);
    await worker.polls(3);
    expect(alerts()).toHaveLength(1);
  });

  it('takes over a changed file of amounts', async () => {
    const budgets =
      '  - { name: budgets, type: budget, period: year, group_by: [service], amounts_file: budgets.csv }\n';
    await folder.write('budgets.csv', 'group,amount\nsearch,1000\n');
    await folder.write('alerts.yaml', fileWith(HOURLY_BURN + budgets));
    await watches('budgets');
    expect(alerts()).toHaveLength(1);
    await folder.write('budgets.csv', 'group,amount\nsearch,71\n');
    await until('the budget was told', () => alerts().length === 2);
    expect(alerts()[1]?.body).toContain('"amount":71');
  });
});
