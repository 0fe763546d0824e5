import { afterEach, describe, expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { hookTypes, startReceivers } from '../support/receivers.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A folder with a file, and receivers; `health` hears on `billing`. */
async function scene(through: (url: string) => Promise<string> = (url) => Promise.resolve(url)) {
  const audit = await createAuditDatabase();
  const ends = await startReceivers();
  const folder = await makeFolder({});
  cleanups.push(() => Promise.all([audit.drop(), ends.close(), folder.remove()]));
  const good = alertsYaml({
    url: await through(audit.url),
    channels: ends.channels,
    more: 'health: { notify: [billing] }\n',
  });
  const write = (text: string) => folder.write('alerts.yaml', text);
  await write(good);
  const start = async (): Promise<WorkerProcess> => {
    const worker = await startWorkerProcess(folder.path);
    cleanups.push(() => worker.stop('SIGKILL'));
    return worker;
  };
  return { ends, good, write, start };
}

const reloads = async (worker: WorkerProcess, result: 'ok' | 'failed'): Promise<number> =>
  (await worker.metric('spendwatch_config_reloads_total', { result })) ?? 0;

const broken = (good: string): string => good.replace('window: 1h', 'window: tomorrow');

describe('a file that is refused', () => {
  it('is reported once on the channels of health by all replicas, and on /readyz until it is mended', async () => {
    const { ends, good, write, start } = await scene();
    const workers = [await start(), await start()];
    for (const worker of workers) {
      await until('it is ready', async () => (await worker.get('/readyz')).text === 'ready\n');
    }
    const refusedBy = (times: number) =>
      until('both refused it', async () => {
        const counts = await Promise.all(workers.map((worker) => reloads(worker, 'failed')));
        return counts.every((count) => count >= times);
      });

    await write(broken(good));
    await refusedBy(1);
    await until('it was told', () => ends.hooks.length === 1);
    const { data } = JSON.parse(ends.hooks[0]?.body ?? '{}');
    expect(hookTypes(ends.hooks)).toEqual(['health.reload']);
    expect(data.faults).toEqual([expect.stringMatching(/alerts\.yaml:\d+:\d+ .*window/)]);
    for (const worker of workers) {
      const ready = await worker.get('/readyz');
      expect(ready).toMatchObject({
        status: 200,
        text: expect.stringMatching(/^ready\nthe file on disk has been refused since 2.*window/),
      });
    }

    // Asked again, and broken in the same way again, it is no news; broken in another way it is.
    for (const worker of workers) worker.signal('SIGHUP');
    await refusedBy(2);
    await write(good);
    for (const worker of workers) {
      await until('it is in force', async () => (await worker.get('/readyz')).text === 'ready\n');
    }
    await write(broken(good));
    await refusedBy(3);
    await write(good.replace('metric: spend', 'metric: spent'));
    await until('the other fault was told', () => ends.hooks.length === 2);
    for (const worker of workers) {
      if ((await worker.metric('spendwatch_leader')) === 1) await worker.polls(3);
    }
    expect(hookTypes(ends.hooks)).toEqual(['health.reload', 'health.reload']);
    expect(ends.counts()).toMatchObject({ mails: 0, posts: 0 });
  });

  it('is reported when the state store is back', async () => {
    let way: Awaited<ReturnType<typeof startTcpProxy>> | null = null;
    const { ends, good, write, start } = await scene(async (url) => {
      way = await startTcpProxy(url);
      cleanups.push(way.close);
      return way.url;
    });
    const proxy = way as unknown as Awaited<ReturnType<typeof startTcpProxy>>;
    const worker = await start();
    await worker.polls(1);
    await proxy.cut();
    await write(broken(good));
    await until('it was refused', async () => (await reloads(worker, 'failed')) === 1);
    await until('it could not be told', () =>
      worker.log().some(({ msg }) => String(msg).includes('could not tell of the refused file')),
    );
    await proxy.restore();
    await until('it was told', () => hookTypes(ends.hooks).includes('health.reload'));
  });
});
