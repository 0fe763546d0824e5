// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { describe, expect, it, onTestFinished } from 'vitest';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';

const ALERTS = `version: 1
audit: { url: "pglite:./data" }
channels:
  chat: { type: slack, token: "\${SLACK_BOT_TOKEN}", channel: "#a" }
  hook: { type: webhook, url: "https://\${HOOK_HOST}/x", secret_file: no-such-file }
  mail: { type: email, to: [finance@example.com] }
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 1, notify: [chat, mail] }
  - { name: all, type: threshold, metric: spend, window: 1h, threshold: 1 }
`;
const CALL = JSON.stringify({ time: '2026-11-20T01:30:00Z', service: 'search', model: 'm', cost: 2 });
const AT = ['--at', '2026-11-20T02:00:00Z'];
const RANGE = ['--from', '2026-11-20', '--to', '2026-11-21'];

const WARNINGS = [
  'alerts.yaml:4:32 channels.chat.token: warning: the environment variable SLACK_BOT_TOKEN is not set',
  'alerts.yaml:5:40 channels.hook.url: warning: the environment variable HOOK_HOST is not set',
  'channels.hook.secret_file: warning: the secret file no-such-file cannot be read (there is no such file)',
  'channels.mail.host: warning: missing: give `host` here or set SMTP_SERVER',
  'channels.mail.from: warning: missing: give `from` here or set SMTP_FROM',
];

describe('without what channels take from the environment', () => {
  const folderWith = async (text: string) => {
    const folder = await makeFolder({ 'alerts.yaml': text });
    onTestFinished(() => folder.remove());
    return (args: readonly string[], stdin = '') => spendwatch(args, { cwd: folder.path, stdin });
  };

  it('commands that send nothing work, and warn on stderr', async () => {
    const run = await folderWith(ALERTS);
    for (const [args, code, stdin] of [
      [['import', '-'], 0, CALL],
      [['check', '--format', 'json', ...AT], 1, ''],
      [['backtest', '--format', 'json', ...RANGE], 0, ''],
      [['validate'], 0, ''],
      [['init', '--create-table'], 0, ''],
    ] as const) {
      const result = await run(args, stdin);
      expect(result.code, result.stderr).toBe(code);
      for (const warning of WARNINGS) expect(result.stderr).toContain(warning);
    }
  });

  it('commands that send are refused with every one of them', async () => {
    const run = await folderWith(ALERTS);
    for (const [args, code] of [
      [['check', '--notify', ...AT], 3],
      [['validate', '--connect'], 2],
      [['test-channel', 'chat'], 2],
      [['run'], 2],
    ] as const) {
      const result = await run(args);
      expect(result.code, result.stderr).toBe(code);
      for (const warning of WARNINGS) expect(result.stderr).toContain(warning.replace('warning: ', ''));
    }
  });

  it('other faults of channels stay faults, and the audit store needs its own', async () => {
    const run = await folderWith(
      ALERTS.replace('channel: "#a"', 'chanel: "#a"').replace('pglite:./data', '${AUDIT_URL}'),
    );
    const { code, stderr } = await run(['validate']);
    expect(code).toBe(2);
    expect(stderr).toContain('channels.chat.chanel: unknown key "chanel"');
    expect(stderr).toContain('audit.url: the environment variable AUDIT_URL is not set');
    expect(stderr).toContain('not valid (2 faults)');
  });
});
