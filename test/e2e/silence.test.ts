import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { type CommandResult, spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

/** The line of an added silence's id. */
const idIn = ({ stdout }: CommandResult): string => /^id ([a-z0-9]+);/m.exec(stdout)?.[1] ?? '';

describe('silences beside a worker that has the embedded store', () => {
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  const run = (...args: string[]) => spendwatch(args, { cwd: folder.path });
  const counts = () => {
    const { mails, posts, hooks } = ends.counts();
    return [mails, posts, hooks];
  };

  beforeAll(async () => {
    ends = await startReceivers();
    const text = alertsYaml({ url: 'pglite:./store', channels: ends.channels });
    folder = await makeFolder({ 'alerts.yaml': text });
  });
  afterAll(() => Promise.all([ends?.close(), folder?.remove()]));

  const spend = (service: string, cost: number) =>
    spendwatch(['import', '-'], {
      cwd: folder.path,
      stdin: JSON.stringify({ time: justNow().toISOString(), service, model: 'gpt-4.1', cost }),
    });

  it('are added, shown, followed within a poll, and ended through its socket, also after kills', async () => {
    await spend('search', 60);
    const before = await run('silence', 'add', 'rule=hourly-burn', 'service=search', '--for', '2h');
    expect(before).toMatchObject({ code: 0, stderr: '' });
    const worker = await startWorkerProcess(folder.path);
    await worker.polls(2);
    expect(counts()).toEqual([0, 0, 0]);

    const added = await run(
      'silence',
      'add',
      'incident=inc_1',
      '--for',
      '1h',
      '--reason',
      'deploy',
      '--by',
      'ann',
    );
    expect(added).toMatchObject({
      code: 0,
      stderr: 'spendwatch: warning: there is no incident inc_1: nothing is silenced\n',
    });
    expect(added.stdout).toMatch(
      /^silenced incident inc_1 until .* \(1 h\): deploy\nid \w+; to end it: spendwatch silence end \w+\n$/,
    );
    const list = await run('silence', 'list');
    expect(list.stdout).toMatch(/active +incident inc_1 .* ann +deploy\n/);
    expect(list.stdout).toMatch(/active +hourly-burn: service search /);

    const check = await run('check', '--format', 'json', '--at', new Date().toISOString());
    expect(check.stderr).toBe('');
    expect(check.code).toBe(1);
    const { rules, data } = JSON.parse(check.stdout);
    expect(data.source).toBe('kept');
    expect(rules[0].findings[0]).toMatchObject({ group: { service: 'search' }, silenced: { reason: '' } });

    await worker.polls(1);
    expect(counts()).toEqual([0, 0, 0]);
    const ended = await run('silence', 'end', idIn(before));
    expect(ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ended \w+: hourly-burn: service search/),
    });
    await until('it is notified', () => counts().every((count) => count === 1));

    await worker.stop('SIGKILL');
    // A socket without a worker: the command opens the folder itself.
    expect((await run('silence', 'end', idIn(before))).stdout).toMatch(/was over already/);
    const next = await startWorkerProcess(folder.path);
    const json = JSON.parse((await run('silence', 'list', '--all', '--format', 'json')).stdout);
    expect(json.silences).toMatchObject([
      { id: idIn(added), state: 'active', match: { incident: 'inc_1' }, created_by: 'ann', ended_at: null },
      { id: idIn(before), state: 'over', match: { rule: 'hourly-burn', service: 'search' } },
    ]);
    expect((await next.stop()).code).toBe(0);
  });
});

describe('silences in a PostgreSQL server', () => {
  let audit: AuditDatabase;
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  const run = (...args: string[]) => spendwatch(args, { cwd: folder.path });

  beforeAll(async () => {
    [audit, ends] = await Promise.all([createAuditDatabase(), startReceivers()]);
    folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url: audit.url, channels: ends.channels }) });
  });
  afterAll(async () => {
    await Promise.all([ends?.close(), folder?.remove()]);
    await audit?.drop();
  });

  it('keep what fires quiet from the next poll on, until they are over by themselves', async () => {
    await audit.log({ at: justNow(), service: 'search', cost: '60' });
    const worker = await startWorkerProcess(folder.path);
    await until('each channel is told', () => Object.values(ends.counts()).every((count) => count === 1));
    const silenced = await run('silence', 'add', 'service=search', '--for', '1h', '--reason', 'known');
    expect(silenced.code).toBe(0);
    // People get a note that it is silenced.
    await until('people know', () => ends.counts().mails === 2 && ends.counts().posts === 2);
    await audit.log({ at: justNow(), service: 'search', cost: '60' });
    await worker.polls(2);
    expect(ends.counts()).toEqual({ mails: 2, posts: 2, hooks: 1 });
    const { stdout } = await run('check', '--at', new Date().toISOString());
    expect(stdout).toContain('critical (silenced)');
    expect(stdout).toMatch(/silenced until .*: known/);
    await audit.sql.query(`UPDATE spendwatch.silence SET silent_until = now() - interval '1 second'`);
    await until('it is told again', () => {
      const { mails, posts, hooks } = ends.counts();
      return mails === 3 && posts === 3 && hooks === 2;
    });
    expect((await worker.stop()).code).toBe(0);
  });

  it('warn where no rule can be meant, and know NULL from a text', async () => {
    const vain = await run('silence', 'add', 'user=null', 'model="null"', '--for', '1h');
    expect(vain.code).toBe(0);
    expect(vain.stderr).toMatch(/warning: no enabled rule of .* groups by user and model/);
    const { silences } = JSON.parse((await run('silence', 'list', '--format', 'json')).stdout);
    expect(silences[0].match).toEqual({ user: null, model: 'null' });
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    expect((await run('silence', 'add', 'service=a', '--for', '1h', '--from', soon)).code).toBe(0);
    expect((await run('silence', 'list')).stdout).toMatch(/planned +service a/);
    const unknown = await run('silence', 'end', 'zzzzz');
    expect(unknown).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/no silence zzzzz/) });
    const wrong = await run('silence', 'add', 'servce=a', '--for', '1h');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/did you mean "service"/) });
    expect((await run('silence')).code).toBe(2);
  });
});

it('a check says that it could not look for silences, and one without a state has none', async () => {
  const audit = await createAuditDatabase();
  const text = alertsYaml({ url: audit.url, channels: '' }).replaceAll(/^ +notify: .*\n/gm, '');
  const folder = await makeFolder({
    'alerts.yaml': text,
    'away.yaml': `${text}state: { url: "postgres://nobody@127.0.0.1:9/none" }\n`,
    'none.yaml': `${text}state: { url: "pglite:./none" }\n`,
  });
  const check = (file: string) => spendwatch(['check', '-c', file], { cwd: folder.path });
  const [alone, none, away] = await Promise.all(['alerts.yaml', 'none.yaml', 'away.yaml'].map(check));
  expect(alone).toMatchObject({ code: 0, stderr: '' });
  expect(none).toMatchObject({ code: 0, stderr: '' });
  expect(away?.code).toBe(0);
  expect(away?.stderr).toMatch(
    /^spendwatch: warning: silences that were added by command are not shown, as the state store could not be read: .*ECONNREFUSED/,
  );
  const list = await spendwatch(['silence', 'list', '-c', 'none.yaml'], { cwd: folder.path });
  expect(list.code).toBe(1);
  expect(list.stderr).toMatch(/no worker has kept its state here: there is no embedded store in .*none/);
  await folder.remove();
  await audit.drop();
});
