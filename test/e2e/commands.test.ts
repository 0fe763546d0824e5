import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { type CommandResult, spendwatch } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';

const RULES = 'rules: [{ name: burn, type: threshold, metric: spend, window: 1h, threshold: 1 }]\n';

/** Runs a command on an alerts.yaml of its own. */
async function withFile(text: string, ...args: string[]): Promise<CommandResult> {
  const folder = await makeFolder({ 'alerts.yaml': text });
  try {
    return await spendwatch(args, { cwd: folder.path });
  } finally {
    await folder.remove();
  }
}

describe('validate --connect', () => {
  let audit: AuditDatabase;
  let ends: Receivers;

  beforeAll(async () => {
    audit = await createAuditDatabase();
    ends = await startReceivers();
  });
  afterAll(async () => {
    await Promise.all([ends?.close(), audit?.drop()]);
  });

  const connect = (auditKeys: string, channels = ends.channels): Promise<CommandResult> =>
    withFile(`version: 1\naudit: { ${auditKeys} }\n${channels}\n${RULES}`, 'validate', '--connect');

  it('finds nothing wrong with a readable table and channels that answer, and sends nothing', async () => {
    const { code, stdout, stderr } = await connect(`url: "${audit.url}", preset: api_audit_logs`);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const name of ['audit store', 'state store', 'channel oncall', 'channel finance', 'channel billing'])
      expect(stdout).toContain(`${name}: ok`);
    expect(ends.counts()).toMatchObject({ mails: 0, posts: 0 });
    expect(ends.hooks.filter(({ method }) => method === 'POST')).toEqual([]);
    const [found] = await audit.sql.query("SELECT to_regnamespace('spendwatch') IS NULL AS absent");
    expect(found).toEqual({ absent: true });
  });

  it('names a missing table, and what makes it', async () => {
    const empty = await createDatabase();
    const { code, stderr } = await connect(`url: "${empty.url}", preset: api_audit_logs`);
    await empty.drop();
    expect(code).toBe(2);
    expect(stderr).toContain('audit store: fault: There is no table api_audit_logs');
    expect(stderr).toContain('init --create-table');
  });

  it('names a missing column', async () => {
    const { code, stderr } = await connect(
      `url: "${audit.url}", table: api_audit_logs, columns: { time: request_timestamp, cost: price }`,
    );
    expect(code).toBe(2);
    expect(stderr).toContain('no column "price" (mapped as cost)');
  });

  it('names a missing permission', async () => {
    const role = `reader_${Date.now().toString(36)}`;
    await audit.sql.query(`CREATE ROLE ${role} LOGIN PASSWORD 'a-role-password'`);
    const url = new URL(audit.url);
    url.username = role;
    url.password = 'a-role-password';
    const { code, stderr, stdout } = await connect(`url: "${url.href}", preset: api_audit_logs`);
    await audit.sql.query(`DROP ROLE ${role}`);
    expect(code).toBe(2);
    expect(stderr).toContain('No permission to read api_audit_logs');
    expect(stderr).toContain('state store: fault');
    expect(stdout + stderr).not.toContain('a-role-password');
  });

  it('warns of a missing index', async () => {
    const plain = await createDatabase();
    const pool = new Pool({ connectionString: plain.url, max: 1 });
    await pool.query('CREATE TABLE calls (at timestamptz NOT NULL, usd numeric)');
    await pool.end();
    const { code, stderr } = await connect(
      `url: "${plain.url}", table: calls, columns: { time: at, cost: usd }`,
    );
    await plain.drop();
    expect(stderr).toContain('audit store: warning: calls has no index that begins with "at"');
    expect(code).toBe(0);
  });

  it('names the channel that cannot be reached', async () => {
    const mail =
      'channels: { finance: { type: email, from: a@example.com, to: [b@example.com], host: 127.0.0.1, port: 1, tls: none } }';
    const { code, stderr } = await connect(`url: "${audit.url}", preset: api_audit_logs`, mail);
    expect(code).toBe(2);
    expect(stderr).toMatch(/channel finance: fault: .*127\.0\.0\.1.*check host and port/);
  });
});

describe('test-channel', () => {
  it('sends a marked drill everywhere and ends with 1 when one fails', async () => {
    const ends = await startReceivers({ respond: () => ({ status: 503, body: 'down for repair' }) });
    const file = `version: 1\naudit: { url: "pglite:./store" }\n${ends.channels}\n${RULES}`;
    const all = await withFile(file, 'test-channel', '--all');
    const one = await withFile(file, 'test-channel', 'finance');
    const none = await withFile(file, 'test-channel');
    const unknown = await withFile(file, 'test-channel', 'pager');
    await ends.close();
    expect(all.code).toBe(1);
    expect(all.stdout).toMatch(/^oncall: sent/m);
    expect(all.stdout).toMatch(/^finance: sent/m);
    expect(all.stdout).toMatch(/^billing: failed: .*503/m);
    expect(one.code).toBe(0);
    expect([none.code, unknown.code]).toEqual([2, 2]);
    expect(unknown.stderr).toContain('oncall, finance, billing');
    expect(ends.counts()).toEqual({ mails: 2, posts: 1, hooks: 1 });
    expect(ends.mails[0]?.raw).toMatch(/^Subject: \[DRILL\]/m);
    expect(ends.hooks[0]?.body).toContain('"type":"drill"');
  });
});

describe('init', () => {
  it('writes a valid file once, and creates the table once', async () => {
    const database = await createDatabase();
    const folder = await makeFolder({});
    const options = { cwd: folder.path, env: { AUDIT_DATABASE_URL: database.url } };
    try {
      const first = await spendwatch(['init', '--create-table'], options);
      expect(first.stderr).toBe('');
      expect(first.code).toBe(0);
      expect(first.stdout).toContain('created api_audit_logs, idx_audit_timestamp');
      const written = await readFile(join(folder.path, 'alerts.yaml'), 'utf8');
      const second = await spendwatch(['init', '--create-table'], options);
      expect(second.code).toBe(0);
      expect(second.stdout).toContain('there already');
      expect(second.stderr).toContain('alerts.yaml exists and was left as it is');
      expect(await readFile(join(folder.path, 'alerts.yaml'), 'utf8')).toBe(written);
      expect((await spendwatch(['init'], options)).code).toBe(1);
      expect((await spendwatch(['validate'], options)).code).toBe(0);
      expect((await spendwatch(['check'], options)).code).toBe(0);
    } finally {
      await Promise.all([database.drop(), folder.remove()]);
    }
  });
});

describe('the command line', () => {
  it('knows its version, its help and its schema, and ends with 2 for bad usage', async () => {
    const cwd = tmpdir();
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'),
    ) as { version: string };
    expect(await spendwatch(['--version'], { cwd })).toMatchObject({ code: 0, stdout: `${version}\n` });
    expect(await spendwatch(['run', '--version'], { cwd })).toMatchObject({
      code: 0,
      stdout: `${version}\n`,
    });
    const help = await spendwatch(['check', '--help'], { cwd });
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('--notify');
    const schema = await spendwatch(['schema'], { cwd });
    expect(JSON.parse(schema.stdout)).toMatchObject({
      type: 'object',
      required: expect.arrayContaining(['audit']),
    });
    for (const args of [['runn'], ['run', '--fast'], ['run', '-c', '/nowhere/alerts.yaml'], []])
      expect((await spendwatch(args, { cwd })).code).toBe(2);
  });
});

describe('demo --once', () => {
  it('shows an incident from its beginning to its end, each thread begun once, and leaves one folder', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'spendwatch-demo-cwd-'));
    try {
      const { code, stdout, stderr } = await spendwatch(['demo', '--once'], { cwd });
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout).toMatch(/ email arrived\n/);
      expect(stdout).toMatch(/ Slack arrived\n/);
      expect(stdout).toMatch(/ webhook arrived\n/);
      expect(stdout.match(/hourly-burn/g)?.length).toBeGreaterThan(2);
      expect(stdout.match(/┌─ EMAIL/g)).toHaveLength(2);
      expect(stdout).toMatch(/Subject: Re: \[CRITICAL\] hourly-burn/);
      expect(stdout.match(/┌─ SLACK, .*? ─/g)).toEqual([
        '┌─ SLACK, a new message ─',
        '┌─ SLACK, the first message, edited ─',
        '┌─ SLACK, an answer in its thread ─',
      ]);
      expect(stdout.match(/┌─ WEBHOOK/g)).toHaveLength(4);
      expect(stdout).toContain('"type": "alert.resolved"');
      expect(stdout).toMatch(
        /\[RESOLVED\] hourly-burn: search back to normal after .*, \$\d+\.\d\d in all[\s│]*\(\+1 more\)/,
      );
      const lines = stdout.split('\n');
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
      // Progress is shown from the start, and messages for people come before those for programs.
      const places = ['1. Creating', '2. Writing', '3. A retry loop', ' polled', '4. The', '5. It'].map(
        (text) => stdout.indexOf(text),
      );
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(places.every((place) => place > 0)).toBe(true);
      const webhook = stdout.indexOf('WEBHOOK');
      expect(stdout.indexOf('┌─ EMAIL')).toBeLessThan(webhook);
      expect(stdout.indexOf('┌─ SLACK')).toBeLessThan(webhook);
      const left = await readdir(cwd);
      expect(left).toHaveLength(1);
      expect(left[0]).toMatch(/^spendwatch-demo/);
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
});
