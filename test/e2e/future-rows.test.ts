import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { hookTypes, type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

let audit: AuditDatabase;
let ends: Receivers;
let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  audit = await createAuditDatabase();
  ends = await startReceivers();
  // The wall clock of Shanghai, read as UTC.
  await audit.log({ at: new Date(Date.now() + 8 * 3_600_000 - 90_000), service: 'search', cost: '70' });
  await audit.sql.query(
    `ALTER TABLE api_audit_logs ALTER request_timestamp TYPE timestamp USING request_timestamp AT TIME ZONE 'UTC'`,
  );
  const yaml = alertsYaml({
    url: audit.url,
    audit: 'columns: { time: request_timestamp }',
    channels: ends.channels,
  });
  folder = await makeFolder({ 'alerts.yaml': yaml });
});
afterAll(async () => {
  await Promise.all([ends?.close(), audit?.drop(), folder?.remove()]);
});

const SAID = /warning: The newest row is 7 h 5\d min ahead of the clock: local time\?/;
const CURE = /hint: .*time: \{ column: "request_timestamp", zone: Asia\/Shanghai \}/;

it('validate --connect and check say that rows lie ahead of the clock, and go on', async () => {
  const validated = await spendwatch(['validate', '--connect'], { cwd: folder.path });
  expect(validated.code).toBe(0);
  expect(validated.stderr).toMatch(SAID);
  expect(validated.stderr).toMatch(CURE);
  const checked = await spendwatch(['check', '--format', 'json'], { cwd: folder.path });
  expect(checked.code).toBe(0);
  expect(checked.stderr).toMatch(SAID);
  expect(checked.stderr).toMatch(CURE);
  const { data } = JSON.parse(checked.stdout) as { data: { ahead_seconds: number } };
  expect(Math.round(data.ahead_seconds / 1800)).toBe(16);
});

it('the worker notifies it once and shows it as a metric', async (test) => {
  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
  await until('it is told', () => hookTypes(ends.hooks).includes('health.future_rows'));
  await until('it is a metric', async () => {
    const seconds = await worker.metric('spendwatch_newest_row_ahead_seconds');
    return seconds !== undefined && seconds !== null && seconds > 7 * 3600;
  });
  await worker.polls(3);
  expect(hookTypes(ends.hooks).filter((type) => type === 'health.future_rows')).toHaveLength(1);
});
