import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

describe('a worker on an embedded store that was filled by import', () => {
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;

  beforeAll(async () => {
    ends = await startReceivers();
    folder = await makeFolder({
      'alerts.yaml': alertsYaml({ url: 'pglite:./store', channels: ends.channels }),
    });
  });

  afterAll(async () => {
    await Promise.all([ends?.close(), folder?.remove()]);
  });

  it('notifies each channel once, over restarts, and locks the folder', async () => {
    const time = justNow().toISOString();
    const call = (service: string, cost: number) =>
      JSON.stringify({
        time,
        service,
        model: 'gpt-4.1',
        cost,
        input_tokens: 1000,
        output_tokens: 100,
        status: 200,
      });
    const stdin = `${call('search', 99.999999)}\n${call('search', 0.000001)}\n${call('quiet', 49)}\n`;
    const cwd = folder.path;
    const imported = await spendwatch(['import', '-'], { cwd, stdin });
    expect(imported.stderr).toBe('');
    expect(imported.stdout).toContain('imported 3 rows');

    const first = await startWorkerProcess(cwd);
    const one = { mails: 1, posts: 1, hooks: 1 };
    await until('each channel was told', () => Object.values(ends.counts()).every((count) => count === 1));
    expect(ends.mails[0]?.raw).toContain('search $100.00 in 1h (limit $100.00)');
    await first.polls(3);
    expect(ends.counts()).toEqual(one);

    // What reads works through the worker; what would write has to wait for its end.
    const at = new Date().toISOString();
    const check = await spendwatch(['check', '--format', 'json', '--at', at], { cwd });
    expect(check).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(check.stdout)).toMatchObject({ status: 'critical' });
    const again = await spendwatch(['import', '-'], { cwd, stdin });
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/in use by the process with pid \d+/);

    const stopped = await first.stop('SIGINT');
    expect(stopped.code).toBe(0);
    const second = await startWorkerProcess(cwd);
    await second.polls(2);
    await second.stop('SIGKILL');
    const third = await startWorkerProcess(cwd);
    await third.polls(2);
    expect(ends.counts()).toEqual(one);
    expect((await third.stop()).code).toBe(0);
    expect(
      (await readdir(cwd)).filter((name) => name !== 'alerts.yaml' && !name.startsWith('store')),
    ).toEqual([]);
  });
});
