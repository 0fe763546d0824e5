import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { hookTypes, type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const HOUR = 3_600_000;

/** Calls of a million tokens without a cost, some of which nobody looks at yet, and a few whose cost is known. */
async function logUnpriced(audit: AuditDatabase, count = 30): Promise<void> {
  await audit.sql.query(
    `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint,
       input_tokens, actual_output_tokens, status_code, cost_usd)
     SELECT gen_random_uuid(), now() - interval '3 hours', 'search', 'u1', 'gpt-9', '/v1/chat', 1000000, 10, 200, NULL
     FROM generate_series(1, $1)`,
    [count],
  );
  await audit.log({ at: new Date(Date.now() - 3 * HOUR), service: 'chat', cost: '1.000000' });
}

describe('validate --connect', () => {
  let audit: AuditDatabase;
  beforeAll(async () => {
    audit = await createAuditDatabase();
    await logUnpriced(audit);
  });
  afterAll(() => audit?.drop());

  const validated = async (test: TestContext, rule: string, prices = '') => {
    const folder = await makeFolder({
      'alerts.yaml': `version: 1
audit: { url: "${audit.url}", preset: api_audit_logs${prices === '' ? '' : ', prices: prices.yaml'} }
rules:
  - { name: r, type: threshold, window: 1h, threshold: 1, metric: ${rule} }
`,
      ...(prices === '' ? {} : { 'prices.yaml': prices }),
    });
    test.onTestFinished(() => folder.remove());
    return spendwatch(['validate', '--connect'], { cwd: folder.path });
  };

  it('warns of models without a price, and names the cure', async (test) => {
    const { code, stderr } = await validated(test, 'cost_per_call');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^audit store: warning: 30 calls to 1 model have no price: gpt-9 \(30 calls\): what they cost is not known and counts as 0 \(.*\)\n {2}hint: give each a price in prices\.yaml \(audit\.prices\), 0 where it is free$/m,
    );
  });

  it('warns of nothing where the list has a price, also 0, or no rule depends on cost', async (test) => {
    const listed = await validated(test, 'spend', 'models: { gpt-9: { input: 0, output: 0 } }\n');
    const unasked = await validated(test, 'calls');
    for (const { code, stderr } of [listed, unasked]) {
      expect(code).toBe(0);
      expect(stderr).not.toContain('no price');
    }
  });
});

interface Scene {
  readonly audit: AuditDatabase;
  readonly ends: Receivers;
  readonly folder: string;
}

async function scene(test: TestContext, parts: { rules?: string; health?: string } = {}): Promise<Scene> {
  const audit = await createAuditDatabase();
  test.onTestFinished(() => audit.drop());
  await logUnpriced(audit);
  const ends = await startReceivers();
  test.onTestFinished(() => ends.close());
  const { rules, health = 'notify: [oncall, finance, billing]' } = parts;
  const yaml = alertsYaml({
    url: audit.url,
    channels: ends.channels,
    more: `health: { ${health} }\n`,
    ...(rules === undefined ? {} : { rules }),
  });
  const folder = await makeFolder({ 'alerts.yaml': yaml });
  test.onTestFinished(() => folder.remove());
  return { audit, ends, folder: folder.path };
}

async function start(test: TestContext, folder: string): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(folder);
  test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
  return worker;
}

const lookedAt = (worker: WorkerProcess) =>
  until(
    'the worker has looked',
    async () => (await worker.metric('spendwatch_unpriced_calls', { model: 'gpt-9' })) === 30,
  );

describe.concurrent('calls without a price', () => {
  it('are notified once a day on every channel of health, by whichever worker and however often it starts', async (test) => {
    const { ends, folder } = await scene(test);
    const first = await start(test, folder);
    await until('it is told', () => {
      const { mails, posts, hooks } = ends.counts();
      return mails === 1 && posts === 1 && hooks === 1;
    });
    await lookedAt(first);
    const body = JSON.parse(ends.hooks[0]?.body ?? '') as { type: string; data: Record<string, unknown> };
    expect(body).toMatchObject({
      type: 'health.unpriced',
      data: {
        calls: 31,
        unpriced_calls: 30,
        tokens: 30_001_400,
        unpriced_tokens: 30_000_300,
        models: [{ model: 'gpt-9', calls: 30, tokens: 30_000_300 }],
      },
    });
    expect(ends.mails[0]?.raw).toContain('gpt-9');
    expect(String(ends.posts[0]?.text)).toBe(
      '[WARNING] spend is more than it seems: 30 calls to 1 model have no price',
    );
    await first.stop('SIGKILL');

    const [second, third] = await Promise.all([start(test, folder), start(test, folder)]);
    const leader = await until('one of two has looked', async () => {
      for (const one of [second, third])
        if ((await one.metric('spendwatch_unpriced_calls', { model: 'gpt-9' })) === 30) return one;
      return undefined;
    });
    await leader.polls(3);
    await leader.stop();
    const heir = leader === second ? third : second;
    await lookedAt(heir);
    await heir.polls(3);
    expect(ends.counts()).toEqual({ mails: 1, posts: 1, hooks: 1 });
    expect(hookTypes(ends.hooks)).toEqual(['health.unpriced']);
  });

  const quiet = async (test: TestContext, parts: Parameters<typeof scene>[1]): Promise<void> => {
    const { ends, folder } = await scene(test, parts);
    const worker = await start(test, folder);
    await lookedAt(worker);
    await worker.polls(3);
    expect(ends.counts()).toEqual({ mails: 0, posts: 0, hooks: 0 });
  };

  it('are measured and not notified where the file says off', (test) =>
    quiet(test, { health: 'notify: [oncall, billing], unpriced: off' }));

  it('are measured and not notified where a rule watches them', (test) =>
    quiet(test, {
      rules:
        '  - { name: u, type: threshold, metric: unpriced_calls, window: 1h, threshold: 1, notify: [oncall] }\n',
    }));
});
