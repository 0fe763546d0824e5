import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSlackReceiver, startSmtpReceiver, startWebhookReceiver } from '../../src/demo/receivers.ts';
import { HOURLY_BURN } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { type CommandResult, spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { secretsIn } from '../support/planted-secrets.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

/** Each is of letters that stand nowhere else, some with characters that are written otherwise in URLs and JSON. */
const SECRETS = {
  AUDIT_PASSWORD: 'zebra/pa ss%w"ord',
  SLACK_TOKEN: 'xoxb-quokka-401-token',
  SMTP_SECRET: "walrus' p&ss",
  HOOK_KEY: 'whsec_b2thcGktb2thcGktb2thcGktb2thcGktb2thcGk=',
  HOOK_PATH: 'narwhal-in-the-path',
  HOOK_QUERY: 'axolotl-in-the-query',
  HOOK_HEADER: 'pangolin-in-a-header',
  BEAT_PATH: 'capybara-ping-id',
};
const found = (text: string): string[] => secretsIn(text, Object.values(SECRETS));

describe('secrets, in a run in which everything fails that can', () => {
  let audit: AuditDatabase;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let worker: WorkerProcess;
  const closing: (() => Promise<unknown>)[] = [];
  const role = `watcher_${Date.now().toString(36)}`;

  beforeAll(async () => {
    audit = await createAuditDatabase();
    await audit.sql.query(`CREATE ROLE ${role} LOGIN PASSWORD '${SECRETS.AUDIT_PASSWORD}'`);
    await audit.sql.query(`GRANT SELECT ON api_audit_logs TO ${role}`);
    await audit.sql.query(`CREATE SCHEMA spendwatch AUTHORIZATION ${role}`);
    // Receivers that answer with all that they were told.
    const slack = await startSlackReceiver({
      respond: ({ token }) => ({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ok: false, error: 'invalid_auth', warning: `the token was ${token}` }),
      }),
    });
    const hook = await startWebhookReceiver({
      secret: SECRETS.HOOK_KEY,
      respond: ({ path, headers }) => ({ status: 401, body: `${path} ${JSON.stringify(headers)}` }),
    });
    const smtp = await startSmtpReceiver({ login: { user: 'spendwatch', password: 'another' } });
    const hookUrl = `${hook.url}/${SECRETS.HOOK_PATH}?key=${SECRETS.HOOK_QUERY}`;
    const url = new URL(audit.url);
    url.username = role;
    url.password = encodeURIComponent(SECRETS.AUDIT_PASSWORD);
    folder = await makeFolder({
      'smtp-password': SECRETS.SMTP_SECRET,
      'alerts.yaml': `version: 1
schedule: "* * * * * *"
audit: { url: "\${AUDIT_URL}", preset: api_audit_logs, stale_after: "off" }
channels:
  oncall: { type: slack, token: "\${SLACK_TOKEN}", channel: "#llm-spend", api_url: "${slack.apiUrl}" }
  finance:
    type: email
    from: a@example.com
    to: [b@example.com]
    host: 127.0.0.1
    port: ${smtp.port}
    user: spendwatch
    password_file: smtp-password
    tls: none
  billing: { type: webhook, url: "${hookUrl}", secret: "\${HOOK_KEY}", headers: { x-api-key: "\${HOOK_HEADER}" } }
rules:
${HOURLY_BURN}
http: { listen: 127.0.0.1:0 }
heartbeat: { url: "http://127.0.0.1:1/\${BEAT_PATH}" }
`,
    });
    closing.push(slack.close, hook.close, smtp.close);
    await audit.log({ at: justNow(), service: 'search', cost: '312.000000' });
    worker = await startWorkerProcess(folder.path, environment(url.href));
  });

  afterAll(async () => {
    await worker?.stop('SIGKILL');
    for (const close of closing) await close();
    await audit?.sql.query(`DROP OWNED BY ${role} CASCADE`);
    await audit?.sql.query(`DROP ROLE ${role}`);
    await Promise.all([audit?.drop(), folder?.remove()]);
  });

  const environment = (url: string) => ({ ...SECRETS, AUDIT_URL: url, SPENDWATCH_LOG_LEVEL: 'debug' });

  it('are not in logs, metrics, answers or stored rows', async () => {
    // Three alerts fail, and so do the six reports that each channel makes to the two others.
    await until('all deliveries have failed', async () => {
      const failed = await worker.metric('spendwatch_deliveries_total', { outcome: 'retry' });
      return failed !== null && failed >= 9;
    });
    await until('the heartbeat has failed', () =>
      worker.log().some(({ msg }) => String(msg).includes('heartbeat')),
    );
    await audit.sql.query(`REVOKE SELECT ON api_audit_logs FROM ${role}`);
    await worker.polls(3, 'failed');
    const ready = await worker.get('/readyz');
    expect(ready.status).toBe(503);
    const metrics = await worker.get('/metrics');
    const rows = await storedRows();
    // What the receivers said is kept, and with it would be the secrets.
    expect(rows).toContain('invalid_auth');
    expect(rows).toContain('"x-api-key":"***"');
    await worker.stop('SIGTERM');
    const { stdout, stderr } = worker.output;
    expect(stderr).toContain('"outcome":"retry"');
    expect(found(stdout + stderr)).toEqual([]);
    expect(found(ready.text + metrics.text)).toEqual([]);
    expect(found(rows)).toEqual([]);
  });

  it('are not in what commands say when the store refuses them or the file is wrong', async () => {
    const url = new URL(audit.url);
    url.username = 'nobody_known';
    url.password = encodeURIComponent(SECRETS.AUDIT_PASSWORD);
    const env = environment(url.href);
    const said: CommandResult[] = [];
    for (const args of [
      ['check'],
      ['validate', '--connect'],
      ['test-channel', '--all'],
      ['check', '--notify'],
    ])
      said.push(await spendwatch(args, { cwd: folder.path, env }));
    const wrong = { ...env, AUDIT_URL: url.href.replace('postgres', 'oracle') };
    said.push(await spendwatch(['validate'], { cwd: folder.path, env: wrong }));
    const short = { ...env, HOOK_KEY: 'whsec_walrus!', SLACK_TOKEN: '' };
    said.push(await spendwatch(['validate'], { cwd: folder.path, env: short }));
    expect(said.map(({ code }) => code)).toEqual([3, 2, 1, 3, 2, 2]);
    for (const { stdout, stderr } of said) {
      expect(found(stdout + stderr)).toEqual([]);
      expect(stdout + stderr).not.toContain('walrus!');
    }
  });

  async function storedRows(): Promise<string> {
    const tables = await audit.sql.query<{ name: string }>(
      "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'spendwatch'",
    );
    expect(tables.map(({ name }) => name)).toContain('delivery');
    const rows = await Promise.all(
      tables.map(({ name }) => audit.sql.query(`SELECT * FROM spendwatch."${name}"`)),
    );
    return rows.flat().flatMap(Object.values).map(String).join('\n');
  }
});
