import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { HOOK_SECRET, hookTypes, type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const BURN = `  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 50, notify: [billing] }\n`;
const OTHER = `  - { name: other, type: threshold, metric: spend, window: 1h, threshold: 1e9, notify: [billing] }\n`;

/** How this machine lets a test mount: as root, in a user namespace, or (empty) not at all. */
const MOUNT_FLAGS: readonly string[] =
  [['-m'], ['-r', '-m']].find(
    (flags) => spawnSync('unshare', [...flags, 'mount', '--bind', '/tmp', '/tmp']).status === 0,
  ) ?? [];

/** A worker with a hook that takes messages or refuses them, and a file to edit. */
interface Scene {
  readonly worker: WorkerProcess;
  readonly ends: Receivers;
  readonly folder: string;
  readonly sql: Awaited<ReturnType<typeof createAuditDatabase>>['sql'];
  refuse: boolean;
  /** The text of a file with these rules; `billing: false` leaves its channel out. */
  file(rules: string, options?: { billing?: boolean }): string;
  /** Writes the file and waits until it is in force. */
  edit(rules: string, options?: { billing?: boolean }): Promise<void>;
  spend(dollars: number): Promise<void>;
  reloads(result: 'ok' | 'failed'): Promise<number>;
  /** Makes what waits for its retry due now. */
  retryNow(): Promise<void>;
  /** Ids of the alerts that came, with how often each did. */
  ids(): Record<string, number>;
}

async function open(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  through: (folder: string) => readonly string[] = () => [],
): Promise<Scene> {
  const audit = await createAuditDatabase();
  const ends = await startReceivers({
    respond: ({ verified }) => ({ status: scene.refuse || !verified ? 503 : 204 }),
  });
  const folder = await makeFolder({});
  const billing = `  billing: { type: webhook, url: "${ends.hookUrl}", secret: "${HOOK_SECRET}" }\n`;
  const others = ends.channels.replace(/ {2}billing:.*\n/, '');
  const file: Scene['file'] = (rules, options = {}) =>
    alertsYaml({
      url: audit.url,
      channels: others + (options.billing === false ? '' : billing),
      rules,
      more: `defaults: { notify: [${options.billing === false ? 'finance' : 'billing'}] }\n`,
    });
  await folder.write('alerts.yaml', file(BURN));
  const worker = await startWorkerProcess(folder.path, {}, through(folder.path));
  const reloads: Scene['reloads'] = async (result) =>
    (await worker.metric('spendwatch_config_reloads_total', { result })) ?? 0;
  const scene: Scene = {
    worker,
    ends,
    folder: folder.path,
    sql: audit.sql,
    refuse: false,
    file,
    async edit(rules, options) {
      const before = await reloads('ok');
      await folder.write('alerts.yaml', file(rules, options));
      await until('the edit is in force', async () => (await reloads('ok')) > before);
    },
    spend: (dollars) => audit.log({ at: justNow(), service: 'search', cost: dollars.toFixed(6) }),
    reloads,
    async retryNow() {
      await audit.sql.query('UPDATE spendwatch.delivery SET next_at = created_at');
    },
    ids() {
      const counts: Record<string, number> = {};
      for (const { headers } of alertsOf(ends)) {
        const id = String(headers['webhook-id']);
        counts[id] = (counts[id] ?? 0) + 1;
      }
      return counts;
    },
  };
  onTestFinished(async () => {
    await worker.stop('SIGKILL');
    await Promise.all([ends.close(), audit.drop(), folder.remove()]);
  });
  await worker.polls(1);
  return scene;
}

/** The hooks that came, without what was said of files that were refused. */
function alertsOf({ hooks }: Pick<Receivers, 'hooks'>): Receivers['hooks'] {
  return hooks.filter(({ body }) => !body.includes('"health.reload"'));
}

/** Up to which scheduled time rules were evaluated, by whichever worker, ms. */
async function polledTo({ sql }: Pick<Scene, 'sql'>): Promise<number> {
  const [row] = await sql.query<{ at: Date }>(
    'SELECT max(evaluated_to) AS at FROM spendwatch.rule_watermark',
  );
  return row?.at.getTime() ?? 0;
}

/** An alert whose delivery was refused once and waits. */
async function withQueued(context: TestContext): Promise<Scene> {
  const scene = await open(context);
  scene.refuse = true;
  await scene.spend(70);
  await until('the hook has refused it', () => scene.ends.hooks.length > 0);
  await until(
    'it waits',
    async () => (await scene.worker.metric('spendwatch_queue_length', { channel: 'billing' })) === 1,
  );
  return scene;
}

/** It arrives now, under the id that it was first sent with, and nothing else does at the next polls. */
async function arrivesOnce(scene: Scene): Promise<void> {
  scene.refuse = false;
  await until('nothing waits any more', async () => {
    // Each time: an attempt that was refused a moment ago writes down when it is tried again only now.
    await scene.retryNow();
    return (await scene.worker.metric('spendwatch_queue_length', { channel: 'billing' })) === 0;
  });
  await scene.worker.polls(3);
  expect(Object.keys(scene.ids())).toHaveLength(1);
  expect(hookTypes(alertsOf(scene.ends).slice(-1))).toEqual(['alert.firing']);
}

describe.concurrent('an edit while a delivery is queued', () => {
  it.for([
    ['renames its rule', BURN.replace('name: burn', 'name: renamed')],
    ['removes its rule', OTHER],
    ['disables its rule', BURN.replace('notify:', 'enabled: false, notify:')],
    ['gives its rule another channel', BURN.replace('[billing]', '[finance]')],
  ])('that %s loses nothing and notifies nothing again', async ([, rules = ''], context) => {
    const scene = await withQueued(context);
    await scene.edit(rules);
    await arrivesOnce(scene);
    expect(scene.ends.counts().mails).toBe(0);
  });

  it('that changes the limit makes another alert, and what is queued arrives as well', async (context) => {
    const scene = await withQueued(context);
    await scene.edit(BURN.replace('50', '60'));
    scene.refuse = false;
    await scene.retryNow();
    await until('both have arrived', () => Object.keys(scene.ids()).length === 2);
    await scene.worker.polls(3);
    expect(Object.keys(scene.ids())).toHaveLength(2);
  });

  it('that removes its channel is reported on the channels that are left, once, and it arrives when the channel is back', async (context) => {
    const scene = await withQueued(context);
    await scene.edit(OTHER.replace('[billing]', '[finance]'), { billing: false });
    // A replica with the old file would have a minute to deliver it.
    await scene.sql.query(`UPDATE spendwatch.delivery SET created_at = created_at - interval '2 minutes'`);
    await until('finance was told', () => scene.ends.counts().mails === 1);
    expect(scene.ends.mails[0]?.raw).toMatch(/billing[\s\S]*no longer in the file/);
    expect(
      await scene.worker.metric('spendwatch_deliveries_total', { channel: 'billing', outcome: 'overdue' }),
    ).toBe(1);
    expect(await scene.sql.query('SELECT state FROM spendwatch.delivery WHERE NOT is_report')).toEqual([
      { state: 'reported' },
    ]);
    await scene.edit(BURN);
    await arrivesOnce(scene);
    expect(scene.ends.counts().mails).toBe(1);
  });

  it('of another file leaves it to the worker of this one, also where that other file is checked', async (context) => {
    const scene = await withQueued(context);
    const rules = OTHER.replace('[billing]', '[finance]');
    await writeFile(join(scene.folder, 'other.yaml'), scene.file(rules, { billing: false }));
    await scene.sql.query(`UPDATE spendwatch.delivery SET created_at = created_at - interval '2 minutes'`);
    const env = { SPENDWATCH_CONFIG: 'other.yaml' };
    const checked = await spendwatch(['check', '--notify'], { cwd: scene.folder, env });
    expect(checked.stderr).toContain('1 still queued for billing; this file has no such channel');
    const other = await startWorkerProcess(scene.folder, env);
    context.onTestFinished(async () => void (await other.stop('SIGKILL')));
    await other.polls(5);
    expect(await scene.sql.query('SELECT state FROM spendwatch.delivery')).toEqual([{ state: 'queued' }]);
    await arrivesOnce(scene);
    expect(scene.ends.counts().mails).toBe(0);
  });

  it('that is not valid changes nothing: it arrives by the file in force', async (context) => {
    const scene = await withQueued(context);
    await writeFile(join(scene.folder, 'alerts.yaml'), 'version: 1\nchannels: {}\nrules: [');
    await until('the edit is refused', async () => (await scene.reloads('failed')) === 1);
    await arrivesOnce(scene);
  });
});

describe.concurrent('an edit while an alert is open', () => {
  it.for([
    ['renames its rule', BURN.replace('name: burn', 'name: renamed')],
    ['puts another rule before it', OTHER + BURN],
  ])('that %s notifies nothing again', async ([, rules = ''], context) => {
    const scene = await open(context);
    await scene.spend(70);
    await until('it was told', () => scene.ends.hooks.length === 1);
    await scene.edit(rules);
    await scene.worker.polls(3);
    expect(scene.ends.hooks).toHaveLength(1);
  });

  it('that removes its rule ends it once, of two replicas: programs get an event, people hear nothing', async (context) => {
    const scene = await open(context);
    const replica = await startWorkerProcess(scene.folder);
    context.onTestFinished(async () => void (await replica.stop('SIGKILL')));
    const reloads = async (): Promise<number> =>
      (await scene.reloads('ok')) +
      ((await replica.metric('spendwatch_config_reloads_total', { result: 'ok' })) ?? 0);
    const withEnds = async (rules: string): Promise<void> => {
      const before = await reloads();
      const text = scene.file(rules).replace('billing: { ', 'billing: { send_resolved: true, ');
      await writeFile(join(scene.folder, 'alerts.yaml'), text);
      await until('the edit is in force in both', async () => (await reloads()) >= before + 2);
    };
    await withEnds(BURN.replace('[billing]', '[billing, finance]'));
    await scene.spend(70);
    await until('both were told', () => scene.ends.hooks.length === 1 && scene.ends.counts().mails === 1);
    await withEnds(OTHER);
    await until('it has ended', () => scene.ends.hooks.length === 2);
    expect(scene.ends.hooks[1]?.body).toContain('"reason":"ended"');
    // Either of them may lead now.
    const seen = await polledTo(scene);
    await until('three more seconds were polled', async () => (await polledTo(scene)) >= seen + 3_000);
    expect(scene.ends.hooks).toHaveLength(2);
    expect(scene.ends.counts().mails).toBe(1);
    expect(await scene.sql.query('SELECT FROM spendwatch.incident WHERE closed_at IS NULL')).toEqual([]);
  });

  it('that renames its channel sends the end to nobody who was not told, and the rest goes on', async (context) => {
    const scene = await open(context);
    const atOnce = BURN.replace('window:', 'resolve_after: 0s, window:');
    await scene.edit(atOnce);
    await scene.spend(70);
    await until('it was told', () => scene.ends.hooks.length === 1);
    const before = await scene.reloads('ok');
    await writeFile(
      join(scene.folder, 'alerts.yaml'),
      scene
        .file(atOnce)
        .replaceAll('billing', 'invoices')
        .replace('invoices: { ', 'invoices: { send_resolved: true, '),
    );
    await until('the edit is in force', async () => (await scene.reloads('ok')) > before);
    const isOpen = async () =>
      (await scene.sql.query('SELECT FROM spendwatch.incident WHERE closed_at IS NULL')).length > 0;
    expect(await isOpen()).toBe(true);
    await scene.sql.query('UPDATE api_audit_logs SET cost_usd = 0.01');
    await scene.spend(0.01);
    await until('the incident is over', async () => !(await isOpen()));
    await scene.worker.polls(3);
    expect(scene.ends.hooks).toHaveLength(1);
  });

  it('that removes its rule and puts it back notifies nothing again', async (context) => {
    const scene = await open(context);
    await scene.spend(70);
    await until('it was told', () => scene.ends.hooks.length === 1);
    await scene.edit(OTHER);
    await scene.worker.polls(1);
    await scene.edit(BURN);
    await scene.worker.polls(3);
    expect(scene.ends.hooks).toHaveLength(1);
  });
});

describe.concurrent('an edit during a poll', () => {
  it('waits for the poll, which notifies by the old file, and nothing is notified twice', async (context) => {
    const scene = await open(context);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const logged = (words: string) => scene.worker.log().filter(({ msg }) => String(msg).includes(words));
    // What was found cannot be recorded until it is released.
    let isLocked = false;
    const held = scene.sql.transaction({}, async (session) => {
      await session.query('LOCK TABLE spendwatch.notification IN EXCLUSIVE MODE');
      isLocked = true;
      await released;
    });
    const waiting = (): Promise<unknown[]> =>
      scene.sql.query(`SELECT FROM pg_locks JOIN pg_database ON database = pg_database.oid
        WHERE datname = current_database() AND NOT granted`);
    try {
      await until('the ledger is locked', () => isLocked);
      await scene.spend(70);
      await until('a poll waits for the ledger', async () => (await waiting()).length > 0);
      // Where the worker serves HTTP is settled before the old worker is asked to end, and the log tells it.
      const renamed = scene.file(BURN.replace('name: burn', 'name: renamed'));
      await writeFile(join(scene.folder, 'alerts.yaml'), renamed.replace('127.0.0.1:0', 'localhost:0'));
      await until('the reload is under way', () => logged('serving').length === 2);
      expect(logged('in force')).toHaveLength(0);
      expect(scene.ends.hooks).toHaveLength(0);
    } finally {
      release();
      await held;
    }
    await until('the edit is in force', () => logged('in force').length === 1);
    await until('it was told', () => scene.ends.hooks.length === 1);
    const seen = await polledTo(scene);
    await until('three more seconds were polled', async () => (await polledTo(scene)) >= seen + 3_000);
    expect(scene.ends.hooks).toHaveLength(1);
  });
});

/** A hook that takes messages and says so when it is let. */
async function startSlowHook({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const ids: string[] = [];
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    ids.push(String(request.headers['webhook-id']));
    request.resume();
    waiting.push(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    ids,
    answer: () => void waiting.splice(0).map((response) => response.writeHead(204).end()),
  };
}

/** A worker that sends to a hook which has taken the message and not answered yet, while another file comes into force. */
async function withSendOverEdit(context: TestContext) {
  const scene = await open(context);
  const hook = await startSlowHook(context);
  const edit = async (rules: string): Promise<void> => {
    const before = await scene.reloads('ok');
    const text = scene.file(rules).replace(scene.ends.hookUrl, hook.url);
    await writeFile(join(scene.folder, 'alerts.yaml'), text);
    await until('the edit is in force', async () => (await scene.reloads('ok')) > before);
  };
  await edit(BURN);
  await scene.spend(70);
  await until('the hook has it', () => hook.ids.length === 1);
  await edit(BURN + OTHER);
  await scene.worker.polls(1);
  return { ...scene, hook };
}

describe.concurrent('an edit while a message is being sent', () => {
  it('does not interrupt it, and it is not sent again', async (context) => {
    const { worker, hook, sql } = await withSendOverEdit(context);
    hook.answer();
    await until('it is known to be delivered', async () => {
      const [row] = await sql.query<{ state: string }>('SELECT state FROM spendwatch.delivery');
      return row?.state === 'delivered';
    });
    await worker.polls(3);
    expect(hook.ids).toHaveLength(1);
    const outcomes = worker.log().flatMap(({ channel, outcome }) => (channel === 'billing' ? [outcome] : []));
    expect(outcomes).toEqual(['delivered']);
  });

  it('keeps the worker no longer than usual when it is to stop', async (context) => {
    const { worker, hook, sql } = await withSendOverEdit(context);
    // The hook never answers: a worker that waited for it would not end.
    expect((await worker.stop()).code).toBe(0);
    expect(hook.ids).toHaveLength(1);
    // The next worker may send it at once.
    expect(await sql.query('SELECT state, lease_until FROM spendwatch.delivery')).toEqual([
      { state: 'queued', lease_until: null },
    ]);
  });
});

describe.concurrent('a file that editors and containers write in other ways', () => {
  it('is followed when an editor moves the old one away, and puts a new one in its place later', async (context) => {
    const scene = await open(context);
    const path = join(scene.folder, 'alerts.yaml');
    await rename(path, `${path}~`);
    await until('the missing file is told of', async () => (await scene.reloads('failed')) === 1);
    await scene.worker.polls(1);
    await scene.edit(BURN + OTHER);
    await until(
      'the new rule is watched',
      async () => (await scene.worker.metric('spendwatch_rule_value', { rule: 'other' })) !== null,
    );
  });

  it('follows a secret file that is written only after the file which names it', async (context) => {
    const scene = await open(context);
    const named = scene.file(BURN + OTHER).replace(`secret: "${HOOK_SECRET}"`, 'secret_file: ./later');
    await writeFile(join(scene.folder, 'alerts.yaml'), named);
    await until('the missing secret is told of', async () => (await scene.reloads('failed')) === 1);
    await writeFile(join(scene.folder, 'later'), HOOK_SECRET);
    await until('the file is in force', async () => (await scene.reloads('ok')) === 1);
  });

  it.skipIf(MOUNT_FLAGS.length === 0)(
    'is followed through a bind mount of the file alone: its inode stays, its words change',
    async (context) => {
      const outside = await makeFolder({});
      context.onTestFinished(() => outside.remove());
      const source = join(outside.path, 'alerts.yaml');
      await mkdir(outside.path, { recursive: true });
      await writeFile(source, '');
      const scene = await open(context, (folder) => mounted(source, join(folder, 'alerts.yaml')));
      await writeFile(source, scene.file(BURN + OTHER));
      await until('the edit is in force', async () => (await scene.reloads('ok')) === 1);
      await until(
        'the new rule is watched',
        async () => (await scene.worker.metric('spendwatch_rule_value', { rule: 'other' })) !== null,
      );
    },
  );
});

/** A program that sees `source` as `target`, in a mount namespace of its own, and becomes what follows. */
function mounted(source: string, target: string): string[] {
  const script = 'cat "$2" > "$1" && mount --bind "$1" "$2" && shift 2 && exec "$@"';
  return ['unshare', ...MOUNT_FLAGS, 'sh', '-c', script, 'sh', source, target];
}
