import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

describe('spendwatch explain', () => {
  let audit: AuditDatabase;
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  const at = new Date(Math.floor(Date.now() / 60_000) * 60_000);
  const explain = (...args: string[]) =>
    spendwatch(['explain', ...args, '--at', at.toISOString()], { cwd: folder.path });

  beforeAll(async () => {
    [audit, ends] = await Promise.all([createAuditDatabase(), startReceivers()]);
    folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url: audit.url, channels: ends.channels }) });
    const ago = (minutes: number) => new Date(at.getTime() - minutes * 60_000);
    await audit.log({ at: ago(90), service: 'search', cost: '10' });
    await audit.log({ at: ago(5), service: 'search', cost: '130' });
    await audit.log({ at: ago(5), service: 'chat', cost: '4' });
  });
  afterAll(async () => {
    await Promise.all([ends?.close(), folder?.remove()]);
    await audit?.drop();
  });

  it('says what would be told before anything was kept, and then what was told to whom', async () => {
    const first = await explain('hourly-burn');
    expect(first).toMatchObject({ code: 2, stderr: '' });
    expect(first.stdout).toMatch(
      /^hourly-burn fires for search since .*: \$130.00 >= \$100.00 in 1h, and would be notified to oncall, finance, billing unless it was already, as the ledger could not be read\.\n/,
    );
    await spendwatch(['check', '--notify', '--at', at.toISOString()], { cwd: folder.path });
    const second = await explain('hourly-burn');
    expect(second).toMatchObject({ code: 2, stderr: '' });
    expect(second.stdout).toMatch(
      /^hourly-burn fires for search since .*, and was notified at .* to (?=.*oncall)(?=.*finance)(?=.*billing).*; it is not told again before /,
    );
    expect(second.stdout).toMatch(
      /\ntold\n .* critical +\$130.00 +(?=.*oncall delivered)(?=.*finance delivered)/,
    );
    expect(second.stdout).toMatch(/\n\+\$120.00 against .* \(\$10.00 to \$130.00\)\n {2}calls/);

    const json = JSON.parse((await explain('hourly-burn', '--format', 'json', '--direct')).stdout);
    expect(json).toMatchObject({
      rule: 'hourly-burn',
      status: 'firing',
      severity: 'critical',
      data: { source: 'direct', calls: 2 },
      ledger: { read: true, error: null },
    });
    expect(json.groups[0]).toMatchObject({
      group: { service: 'search' },
      value: 130,
      decision: { kind: 'duplicate', grows_to: 1300 },
      told: [{ severity: 'critical', value: 130 }],
    });
  });

  it('explains one group, and names the nearest for one that nobody has seen', async () => {
    const chat = await explain('hourly-burn', '--group', 'service=chat');
    expect(chat).toMatchObject({ code: 0, stderr: '' });
    expect(chat.stdout).toMatch(/^hourly-burn does not fire for chat: \$4.00 in 1h does not reach its limit/);
    expect(await explain('hourly-burn', '--group', 'service=serach')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /has seen no call of service serach in the last 7 days\n.*did you mean "search"\?/,
      ),
    });
    expect(await explain('hourly-burn', '--group', 'modle=x')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('does not group by modle'),
    });
    expect(await explain('hourly-brun')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/there is no rule hourly-brun in .*\n.*did you mean "hourly-burn"\?/),
    });
  });
});

it.each([
  ['the audit store and the state', 'pglite:./store', 'pglite:./store'],
  ['the state alone', null, 'pglite:./state'],
] as const)('explains beside a worker that has %s in a folder', async (_, embedded, state) => {
  const audit = embedded === null ? await createAuditDatabase() : null;
  const ends = await startReceivers();
  const folder = await makeFolder({
    'alerts.yaml': alertsYaml({
      url: audit?.url ?? 'pglite:./store',
      channels: ends.channels,
      more: `state: { url: "${state}" }\n`,
    }),
  });
  const run = (...args: string[]) => spendwatch(args, { cwd: folder.path });
  const at = justNow();
  if (audit !== null) await audit.log({ at, service: 'search', cost: '130' });
  else {
    const call = { time: at.toISOString(), service: 'search', model: 'gpt-4.1', cost: 130 };
    await spendwatch(['import', '-'], { cwd: folder.path, stdin: JSON.stringify(call) });
  }
  const worker = await startWorkerProcess(folder.path);
  onTestFinished(async () => {
    await worker.stop('SIGKILL');
    await Promise.all([ends.close(), folder.remove()]);
    await audit?.drop();
  });
  await until('all were told', () => Object.values(ends.counts()).every((count) => count > 0));
  const delivered = async () => JSON.parse((await run('history', '--format', 'json')).stdout).deliveries;
  await until('that is recorded', async () =>
    (await delivered()).every(({ outcome }: { outcome: string }) => outcome === 'delivered'),
  );

  const now = new Date().toISOString();
  const text = await run('explain', 'hourly-burn', '--at', now);
  expect(text).toMatchObject({ code: 2, stderr: '' });
  expect(text.stdout).toMatch(
    /^hourly-burn fires for search since .*, and was notified at .* to (?=.*oncall)(?=.*finance)(?=.*billing)/,
  );
  const json = JSON.parse((await run('explain', 'hourly-burn', '--at', now, '--format', 'json')).stdout);
  expect(json).toMatchObject({ status: 'firing', ledger: { read: true, error: null }, error: null });
  expect(json.groups[0]).toMatchObject({ value: 130, decision: { kind: 'duplicate' } });
  expect(json.groups[0].told[0].messages).toHaveLength(3);
  await worker.polls(1);
});
