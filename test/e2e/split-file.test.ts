import { expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

it('two workers with half of the rules each share a state database: each tells its own alerts, once, and keeps its own sums', async ({
  onTestFinished,
}) => {
  const audit = await createAuditDatabase();
  const ends = await startReceivers();
  onTestFinished(async () => void (await Promise.all([ends.close(), audit.drop()])));
  const halves = await Promise.all(
    ['service', 'model'].map((dimension) =>
      makeFolder({
        'alerts.yaml': alertsYaml({
          url: audit.url,
          channels: ends.channels,
          rules: `  - { name: by-${dimension}, type: threshold, metric: spend, window: 30d, group_by: [${dimension}], threshold: 100, notify: [billing] }\n`,
          more: `name: ${dimension}s\n`,
        }),
      }),
    ),
  );
  onTestFinished(async () => void (await Promise.all(halves.map((half) => half.remove()))));
  await audit.log({ at: justNow(), service: 'search', model: 'gpt-4.1', cost: '312.456789' });
  const start = () => Promise.all(halves.map((half) => startWorkerProcess(half.path)));
  const told = (): string[] =>
    ends.hooks.map(({ body }) => {
      const { type, data } = JSON.parse(body) as { type: string; data: { rule: string } };
      return `${type} ${data.rule}`;
    });

  for (const round of [1, 2]) {
    const workers = await start();
    await until(`both rules were told in round ${round}`, () => told().length >= 2);
    for (const worker of workers) await worker.polls(3);
    await until('both have kept sums', async () => {
      const [kept] = await audit.sql.query<{ bases: number }>(
        'SELECT count(*)::int AS bases FROM spendwatch.aggregate_watermark',
      );
      return kept?.bases === 2;
    });
    await Promise.all(workers.map((worker) => worker.stop()));
  }
  expect(told().sort()).toEqual(['alert.firing by-model', 'alert.firing by-service']);
});
