import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSchema } from '../../src/check/schema.ts';
import { errorSchema } from '../../src/worker/api/answer.ts';
import { ENDPOINTS } from '../../src/worker/api/endpoints.ts';
import { alertsYaml, HOURLY_BURN } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { metricOf, samplesOf } from '../support/exposition.ts';
import { makeFolder } from '../support/folder.ts';
import { secretsIn } from '../support/planted-secrets.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const RULES = `${HOURLY_BURN}  - { name: calm, type: threshold, metric: spend, window: 1h, threshold: 1e6, notify: [billing] }
  - { name: disabled, type: threshold, metric: spend, window: 1h, threshold: 1, enabled: false }
`;

/** The JSON of an answer of the API, which must be of the endpoint's schema to the last member. */
async function json(worker: WorkerProcess, path: string, headers: Readonly<Record<string, string>> = {}) {
  const { status, text } = await worker.get(`/api/v1/${path}`, 'GET', headers);
  const endpoint = ENDPOINTS.find((one) => one.path === `/api/v1/${path.split('?')[0]}`);
  const schema = status === 200 ? endpoint?.schema : errorSchema;
  const found = JSON.parse(text);
  if (schema !== undefined) expect(schema.parse(found)).toEqual(found);
  return { code: status, ...found };
}

const outcomes = ({ deliveries }: { deliveries: { channel: string; outcome: string }[] }) =>
  deliveries.map(({ channel, outcome }) => `${channel} ${outcome}`).sort();

describe.each(['pglite', 'postgres'] as const)('the API of a worker with its state in %s', (engine) => {
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let audit: Awaited<ReturnType<typeof createAuditDatabase>> | null = null;
  let worker: WorkerProcess;
  const printed = async (...args: string[]) =>
    JSON.parse((await spendwatch([...args, '--format', 'json'], { cwd: folder.path })).stdout);

  beforeAll(async () => {
    audit = engine === 'postgres' ? await createAuditDatabase() : null;
    // The hook has gone for good.
    ends = await startReceivers({ respond: () => ({ status: 410 }) });
    const url = audit?.url ?? 'pglite:./store';
    folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url, channels: ends.channels, rules: RULES }) });
    const call = { service: 'search', model: 'gpt-4.1', cost: '120.123456' };
    if (audit !== null) await audit.log({ ...call, at: justNow() });
    else {
      const stdin = JSON.stringify({ ...call, time: justNow().toISOString() });
      await spendwatch(['import', '-'], { cwd: folder.path, stdin });
    }
    worker = await startWorkerProcess(folder.path);
    await worker.ready();
    await until(
      'the hook gave it up',
      async () => (await json(worker, 'deliveries?outcome=given_up')).deliveries.length > 0,
    );
  });

  afterAll(async () => {
    await worker?.stop('SIGKILL');
    await Promise.all([ends?.close(), folder?.remove()]);
    await audit?.drop();
  });

  it('has the rules as check prints them, without what only the audit store knows', async () => {
    const found = await json(worker, 'rules');
    expect(found.rules.map(({ name }: { name: string }) => name)).toEqual(['hourly-burn', 'calm']);
    expect(found).toMatchObject({ status: 'critical', at: expect.stringMatching(/Z$/) });
    const checked = checkSchema.parse(await printed('check', '--at', found.at));
    const [finding] = checked.rules[0]?.findings ?? [];
    const asked = {
      breakdown: {},
      others: undefined,
      yesterday: undefined,
      week_ago: undefined,
      split: undefined,
    };
    const onset = null;
    expect(found.rules).toEqual([
      { ...checked.rules[0], findings: [{ ...finding, ...asked, onset }] },
      checked.rules[1],
    ]);
    expect(found.data.newest_row).toBe(checked.data.newest_row);
  });

  it('has alerts and incidents as status prints them', async () => {
    const status = await printed('status');
    expect((await json(worker, 'alerts')).alerts).toEqual(status.alerts);
    expect((await json(worker, 'incidents')).incidents).toEqual(status.incidents);
    expect(status.incidents).toHaveLength(1);
    for (const path of ['alerts', 'incidents']) {
      expect((await json(worker, `${path}?rule=hourly-burn&rule=other`))[path]).toHaveLength(1);
      expect((await json(worker, `${path}?rule=calm`))[path]).toEqual([]);
    }
  });

  it('has deliveries as history prints them: those to be sent, or what is asked for', async () => {
    const { deliveries } = await printed('history');
    expect((await json(worker, 'deliveries?since=7d')).deliveries).toEqual(deliveries);
    expect(outcomes(await json(worker, 'deliveries?outcome=given_up'))).toEqual(['billing given_up']);
    expect(outcomes(await json(worker, 'deliveries?since=1h&channel=finance'))).toContain(
      'finance delivered',
    );
    expect(outcomes(await json(worker, 'deliveries?since=1h&rule=calm'))).toEqual([]);
    const first = await json(worker, 'deliveries?since=1h&limit=1');
    expect([first.deliveries.length, first.more]).toEqual([1, true]);
    expect(first.deliveries[0].id).toBe(deliveries[0].id);
    for (const { outcome } of (await json(worker, 'deliveries')).deliveries) expect(outcome).toBe('pending');
  });

  it('describes itself', async () => {
    const description = await json(worker, 'openapi.json');
    expect(Object.keys(description.paths)).toEqual(ENDPOINTS.map(({ path }) => path));
  });

  it('costs the polls and the audit store nothing: no row more is read, and the polls go on', async () => {
    const counts = async () => {
      const samples = samplesOf((await worker.get('/metrics')).text);
      const of = (name: string) => metricOf(samples, name, {}) ?? 0;
      return { rows: of('spendwatch_rows_read_total'), polls: of('spendwatch_polls_total') };
    };
    const before = await counts();
    const asked = ENDPOINTS.flatMap(({ path }) => Array.from({ length: 40 }, () => worker.get(path)));
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await worker.polls(2);
    // Each poll looks at the one row, which is young.
    const after = await counts();
    expect(after.rows - before.rows).toBeLessThanOrEqual(after.polls - before.polls);
  });

  it.each([
    ['rules?rule=x', 400],
    ['alerts?limit=-1', 400],
    ['alerts?limit=1;DROP TABLE spendwatch.alert', 400],
    ["alerts?rule='; DROP TABLE spendwatch.alert; --", 200],
    ['deliveries?rule=%00', 400],
    ['deliveries?rule=%ff%fe%ed%a0%80', 200],
    ['deliveries?channel=%25_%5C%22', 200],
    ['deliveries?since=-7d', 400],
    ['deliveries?__proto__=1&constructor=2', 400],
    [`deliveries?${'rule=a&'.repeat(60)}`, 400],
    ['nothing', 404],
    ['rules/', 404],
    ['rules%2f..%2f..%2fetc%2fpasswd', 404],
  ])('answers %s with %i', async (path, status) => {
    expect((await json(worker, path)).code).toBe(status);
  });

  it('changes nothing', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const { status, headers, text } = await worker.get('/api/v1/rules', method);
      expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      errorSchema.parse(JSON.parse(text));
    }
    expect(await worker.get('/api/v1/rules', 'HEAD')).toMatchObject({ status: 200, text: '' });
  });
});

it('a worker that stands by says that another one polls, and answers from the state store', async (test) => {
  const audit = await createAuditDatabase();
  const ends = await startReceivers();
  const folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url: audit.url, channels: ends.channels }) });
  const workers: WorkerProcess[] = [];
  test.onTestFinished(async () => {
    for (const one of workers) await one.stop('SIGKILL');
    await Promise.all([ends.close(), folder.remove()]);
    await audit.drop();
  });
  const [leader, standby] = [
    await startWorkerProcess(folder.path),
    await startWorkerProcess(folder.path),
  ] as const;
  workers.push(leader, standby);
  await leader.polls(1);
  await until(
    'one worker leads, and knows it',
    async () => (await Promise.all(workers.map((one) => one.metric('spendwatch_leader')))).join() === '1,0',
  );
  const { status, text, headers } = await standby.get('/api/v1/rules');
  expect([status, headers.get('retry-after'), errorSchema.parse(JSON.parse(text))]).toEqual([
    503,
    '60',
    {
      error: expect.objectContaining({
        code: 'standing_by',
        hint: expect.stringContaining('spendwatch_leader is 1'),
      }),
    },
  ]);
  expect((await json(leader, 'rules')).code).toBe(200);
  expect((await json(standby, 'alerts')).code).toBe(200);
});

it('a reload puts another token in force, and takes it away', async (test) => {
  const ends = await startReceivers();
  const [old, next] = ['an-old-token-0123456789', 'the-next-token-9876543210'];
  const text = alertsYaml({ url: 'pglite:./store', channels: ends.channels });
  const withToken = text.replace('listen: 127.0.0.1:0', 'listen: 127.0.0.1:0, token_file: ./token');
  const folder = await makeFolder({ 'alerts.yaml': withToken, token: `${old}\n` });
  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => {
    await worker.stop('SIGKILL');
    await Promise.all([ends.close(), folder.remove()]);
  });
  const statusWith = async (token: string) =>
    (await worker.get('/api/v1/openapi.json', 'GET', { authorization: `Bearer ${token}` })).status;

  const refused = await worker.get('/api/v1/rules');
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="spendwatch"',
  ]);
  expect([await statusWith(old), await statusWith(next)]).toEqual([200, 401]);
  expect((await worker.get('/metrics')).status).toBe(200);

  await folder.write('token', next);
  worker.signal('SIGHUP');
  await until('the next token is in force', async () => (await statusWith(next)) === 200);
  expect(await statusWith(old)).toBe(401);

  // A token that nobody can read is no reason to open the API, nor to forget the old one.
  await folder.write('token', 'short');
  await until('the reload has failed', () =>
    worker.metric('spendwatch_config_reloads_total', { result: 'failed' }),
  );
  expect([await statusWith(next), await statusWith('short')]).toEqual([200, 401]);

  await folder.write('alerts.yaml', text);
  await until('no token is asked for', async () => (await worker.get('/api/v1/openapi.json')).status === 200);
  const everything = `${worker.output.stdout}${worker.output.stderr}${(await worker.get('/metrics')).text}`;
  expect(secretsIn(everything, [old, next])).toEqual([]);
});

it('beyond loopback the API is off without a token, and health and metrics go on', async (test) => {
  const ends = await startReceivers();
  const text = alertsYaml({ url: 'pglite:./store', channels: ends.channels }).replace(
    'listen: 127.0.0.1:0',
    'listen: 0.0.0.0:0',
  );
  const folder = await makeFolder({ 'alerts.yaml': text });
  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => {
    await worker.stop('SIGKILL');
    await Promise.all([ends.close(), folder.remove()]);
  });
  const { code, error } = await json(worker, 'rules');
  expect([code, error.code, error.hint]).toEqual([403, 'api_off', expect.stringContaining('http.token')]);
  expect(worker.log().map(({ msg }) => msg)).toContain(
    'the API is off beyond loopback until http.token is set',
  );
  for (const path of ['/healthz', '/metrics']) expect((await worker.get(path)).status).toBe(200);

  const token = 'a-token-of-the-api-0123456789';
  await folder.write('alerts.yaml', text.replace('0.0.0.0:0', `0.0.0.0:0, token: ${token}`));
  const headers = { authorization: `Bearer ${token}` };
  await until('the token is in force', async () => (await json(worker, 'rules', headers)).code === 200);
  expect((await json(worker, 'rules')).code).toBe(401);
});

it('a page of another name that leads to loopback reads nothing', async (test) => {
  const ends = await startReceivers();
  const folder = await makeFolder({
    'alerts.yaml': alertsYaml({ url: 'pglite:./store', channels: ends.channels }),
  });
  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => {
    await worker.stop('SIGKILL');
    await Promise.all([ends.close(), folder.remove()]);
  });
  const address = worker.log().find((line) => typeof line.address === 'string')?.address;
  const status = await new Promise((resolve, reject) => {
    const headers = { host: 'rebound.example.com' };
    const asked = request(`http://${address}/api/v1/rules`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
  expect(status).toBe(403);
});

it('says that the state store does not answer, within seconds and without its password', async (test) => {
  const audit = await createAuditDatabase();
  const way = await startTcpProxy(audit.url);
  const ends = await startReceivers();
  const folder = await makeFolder({
    'alerts.yaml': alertsYaml({
      url: audit.url,
      channels: ends.channels,
      more: `state: { url: "${way.url}" }\n`,
    }),
  });
  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => {
    await worker.stop('SIGKILL');
    await Promise.all([ends.close(), folder.remove(), way.close()]);
    await audit.drop();
  });
  await worker.ready();
  expect((await json(worker, 'alerts')).code).toBe(200);
  const { password } = new URL(audit.url);
  for (const [fail, heal] of [
    [way.cut, way.restore],
    [way.freeze, way.thaw],
  ] as const) {
    await fail();
    const away = await until('it says so', async () => {
      const answer = await worker.get('/api/v1/alerts');
      return answer.status === 503 && answer;
    });
    const { error } = errorSchema.parse(JSON.parse(away.text));
    expect(error.code).toBe('state_unavailable');
    expect(away.headers.get('retry-after')).toBe('5');
    if (password !== '') expect(away.text).not.toContain(password);
    // What the worker has in memory is still told.
    expect((await json(worker, 'rules')).code).toBe(200);
    await heal();
    await until('it answers again', async () => (await worker.get('/api/v1/alerts')).status === 200);
  }
});
