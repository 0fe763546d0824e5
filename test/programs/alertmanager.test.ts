import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertmanager } from '../../src/channels/alertmanager.ts';
import { startHttpReceiver } from '../../src/demo/http-receiver.ts';
import type { Message } from '../../src/model/message.ts';
import { sampleAlert, sampleNews } from '../channels/sample-messages.ts';
import { SAMPLES } from '../channels/samples.ts';
import { until } from '../support/until.ts';

const PROGRAM = ['prometheus-alertmanager', 'alertmanager'].find(
  (name) => spawnSync(name, ['--version']).error === undefined,
);
const why = PROGRAM === undefined ? ' (skipped: prometheus-alertmanager is not installed)' : '';
const never = new AbortController().signal;
const HOUR = 3_600_000;

/** What Alertmanager told its receiver: a group of alerts. */
interface Told {
  readonly status: 'firing' | 'resolved';
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A real Alertmanager that groups by rule, and tells a local server. */
async function startAlertmanager() {
  const told: Told[] = [];
  const receiver = await startHttpReceiver(({ body }) => {
    told.push(JSON.parse(body) as Told);
    return { status: 200 };
  });
  const folder = await mkdtemp(join(tmpdir(), 'alertmanager-'));
  const file = join(folder, 'alertmanager.yml');
  await writeFile(
    file,
    JSON.stringify({
      route: {
        receiver: 'hook',
        group_by: ['alertname'],
        group_wait: '200ms',
        group_interval: '300ms',
        repeat_interval: '1h',
      },
      receivers: [
        {
          name: 'hook',
          webhook_configs: [{ url: `http://127.0.0.1:${receiver.port}/`, send_resolved: true }],
        },
      ],
    }),
  );
  const url = `http://127.0.0.1:${await freePort()}`;
  const process = spawn(
    PROGRAM ?? '',
    [
      `--config.file=${file}`,
      `--storage.path=${folder}`,
      `--web.listen-address=${url.slice('http://'.length)}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  );
  const ready = () =>
    fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
  await until('Alertmanager is ready', ready);
  return {
    url,
    told,
    async close() {
      process.kill();
      await new Promise((resolve) => process.once('exit', resolve));
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe.skipIf(PROGRAM === undefined)(`a real Alertmanager${why}`, () => {
  let program: Awaited<ReturnType<typeof startAlertmanager>>;
  beforeAll(async () => {
    program = await startAlertmanager();
  });
  afterAll(() => program.close());

  const open = () =>
    alertmanager.open('am', alertmanager.schema.parse({ type: 'alertmanager', url: program.url }));

  async function send(message: Message): Promise<void> {
    const channel = await open();
    await channel.send({ id: 'dlv_7', body: channel.render(message, 'dlv_7'), accepted: [] }, never);
    await channel.close();
  }

  /** A message of now: Alertmanager goes by its own clock. */
  function news(rule: string, services: readonly string[], resolvedAgo: number | null = null): Message {
    const now = Date.now();
    const message = sampleNews(
      services.map((key, i) => sampleAlert({ key: [key] }, { id: `${rule}-${i}` })),
      { name: rule },
    );
    const times = {
      since: now - 2 * HOUR,
      periodEnd: now + HOUR,
      resolvedAt: resolvedAgo === null ? null : now - resolvedAgo,
    };
    return { ...message, alerts: message.alerts.map((alert) => ({ ...alert, ...times })) };
  }

  const toldOf = (rule: string) => program.told.filter(({ groupLabels }) => groupLabels.alertname === rule);

  it('names itself to the probe', async () => {
    const channel = await open();
    expect((await channel.probe(never)).answer).toMatch(/^Alertmanager \d+\./);
    await channel.close();
  });

  it('tells the alerts of a message as one group, with all their names', async () => {
    const names = ['search', '家族 🚨', 'evil\r\nname', '<b>', 'n'.repeat(300)];
    await send(news('grouped', names));
    await until('the group is told', () => toldOf('grouped').length > 0);
    const [group] = toldOf('grouped');
    expect(group?.alerts.map(({ labels }) => labels.service).sort()).toEqual([...names].sort());
    expect(group?.alerts[0]).toMatchObject({
      status: 'firing',
      labels: { severity: 'critical', source: 'spendwatch' },
      annotations: {
        summary: expect.stringContaining('$312.46 in 1h'),
        message: 'Immediate attention required',
      },
    });
  });

  it('tells the end of an alert, and leaves the others', async () => {
    await send(news('ends', ['search', 'batch']));
    await until('both are told', () => toldOf('ends').some(({ alerts }) => alerts.length === 2));
    await send(news('ends', ['batch'], 1000));
    const isOver = ({ alerts }: Told) =>
      alerts.some(({ status, labels }) => status === 'resolved' && labels.service === 'batch');
    await until('the end is told', () => toldOf('ends').some(isOver));
    expect(toldOf('ends').find(isOver)).toMatchObject({ status: 'firing' });
  });

  it('silences by the labels', async () => {
    const silence = {
      matchers: [
        { name: 'source', value: 'spendwatch', isRegex: false },
        { name: 'service', value: 'loadtest', isRegex: false },
      ],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + HOUR).toISOString(),
      createdBy: 'test',
      comment: 'planned load test',
    };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${program.url}/api/v2/silences`, { method: 'POST', headers, body: JSON.stringify(silence) });
    await send(news('silenced', ['loadtest', 'search']));
    await until('the other is told', () => toldOf('silenced').length > 0);
    const services = toldOf('silenced').flatMap(({ alerts }) => alerts.map(({ labels }) => labels.service));
    expect(new Set(services)).toEqual(new Set(['search']));
  });

  it.each(Object.entries(SAMPLES))('takes the message %s', async (_, message) => {
    await send(message);
  });
});
