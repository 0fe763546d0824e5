import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const DAY = 86_400_000;
const MONTH_BY_USER = `  - { name: month, type: threshold, metric: spend, window: 30d, group_by: [user], threshold: 1000000, notify: [oncall] }
`;

let audit: AuditDatabase;
let ends: Receivers;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let worker: WorkerProcess;

beforeAll(async () => {
  audit = await createAuditDatabase();
  ends = await startReceivers();
  for (let day = 1; day < 30; day++) {
    await audit.log({ at: new Date(Date.now() - day * DAY), service: 'search', cost: '1.25' });
  }
  folder = await makeFolder({
    'alerts.yaml': alertsYaml({ url: audit.url, channels: ends.channels, rules: MONTH_BY_USER }),
  });
});

afterAll(async () => {
  await worker?.stop('SIGKILL');
  await Promise.all([ends?.close(), audit?.drop(), folder?.remove()]);
});

const lineOf = (msg: string) => worker.log().find((line) => line.msg === msg);
const isRead = () => until('the past is read', () => lineOf('the past is read; polls read what is new'));

it('the past is read once, and after a kill in the middle the rest of it', async () => {
  worker = await startWorkerProcess(folder.path);
  await isRead();
  expect(await worker.metric('spendwatch_rollup_missing_seconds')).toBe(0);
  const first = lineOf('reading the past; until it is read, polls read in full what is missing');
  expect(first?.hours).toBeGreaterThan(28 * 24);
  // Nobody looks at a pipe: each line is an entry of the log, and nothing is drawn between them.
  expect(worker.output.stderr).not.toMatch(/[^\n\x20-\x7e]/);

  await worker.stop('SIGKILL');
  // What a worker leaves that was killed when it had come so far.
  const keptFrom = new Date(Math.floor(Date.now() / DAY) * DAY - 10 * DAY);
  await audit.sql.query('DELETE FROM spendwatch.aggregate_bucket WHERE begins < $1', [keptFrom]);

  worker = await startWorkerProcess(folder.path);
  await isRead();
  const rest = lineOf('reading the rest of the past; what was read before is kept');
  expect(rest?.keptFrom).toBe(keptFrom.toISOString().replace('.000', ''));
  expect(rest?.hours).toBeLessThan(21 * 24);
  // The past can be read before the poll that shows the value has ended.
  const value = () => worker.metric('spendwatch_rule_value', { rule: 'month' });
  await until('a poll has judged the rule', async () => (await value()) !== null);
  expect(await value()).toBe(29 * 1.25);
});
