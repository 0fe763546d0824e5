import { expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';
import { startSqlGate } from '../support/sql-gate.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

it('polls go on while the audit store works out how old its newest row may be', async (test) => {
  const audit = await createAuditDatabase();
  test.onTestFinished(() => audit.drop());
  await audit.log({ at: new Date(1_740_000_000_000), service: 'quiet', cost: '1.000000' });
  const gate = await startSqlGate(audit.url);
  test.onTestFinished(() => gate.close());
  const ends = await startReceivers();
  test.onTestFinished(() => ends.close());
  const { channels } = ends;
  const more = 'health: { notify: [oncall, billing] }\n';
  const yaml = alertsYaml({ url: gate.url, channels, more }).replace(
    'stale_after: "off"',
    'stale_after: auto',
  );
  const folder = await makeFolder({ 'alerts.yaml': yaml });
  test.onTestFinished(() => folder.remove());
  // Which spans of four weeks have a row.
  const held = gate.hold('before', ({ text }) => text.includes('WITH ORDINALITY'));
  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
  await held.caught;
  await worker.polls(3);
  // Unknown is not off: of what was told before a restart nothing is taken back yet.
  expect(ends.posts).toEqual([]);
  held.release();
  await expect.poll(() => ends.posts.length, { timeout: 60_000 }).toBe(1);
  expect(ends.posts[0]?.text).toContain('no new rows in the audit store since 2025-02-19T21:20:00Z');
});
