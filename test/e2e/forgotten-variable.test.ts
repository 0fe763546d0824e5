// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spendwatch as command } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { hookTypes, startReceivers } from '../support/receivers.ts';
import { makeEmbedded } from '../support/shared.ts';

const FILE = `version: 1
audit: { url: "\${AUDIT_DATABASE_URL:-pglite:./spendwatch-data}", preset: api_audit_logs }
channels: { oncall: { type: slack, token: "\${SLACK_BOT_TOKEN:-xoxb-replace-me}", channel: "#x" } }
rules: [{ name: burn, type: threshold, metric: spend, window: 1h, threshold: 1 }]
http: { listen: "off" }
`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder({ 'alerts.yaml': FILE, 'calls.jsonl': '' });
});
afterEach(() => folder.remove());

const spendwatch = (...args: string[]) => command(args, { cwd: folder.path });
const data = () => join(folder.path, 'spendwatch-data');

describe('without the variable that names the audit store', () => {
  it.each([
    ['check', 3, ['check']],
    ['check --notify', 3, ['check', '--notify']],
    ['backtest', 1, ['backtest', '--from', '2026-01-01', '--to', '2026-01-02']],
    ['validate --connect', 2, ['validate', '--connect']],
    ['validate', 0, ['validate']],
  ] as const)('%s makes no folder, and says which variable is not set', async (name, code, args) => {
    const ended = await spendwatch(...args);
    expect(ended.code).toBe(code);
    expect(existsSync(data())).toBe(false);
    expect(readdirSync(folder.path).sort()).toEqual(['alerts.yaml', 'calls.jsonl']);
    if (name === 'validate') return;
    const said = ended.stdout + ended.stderr;
    expect(said).toContain('AUDIT_DATABASE_URL is not set');
    expect(said).toContain(data());
    expect(said).toContain('set AUDIT_DATABASE_URL to the database that has your calls');
    expect(said).toContain('spendwatch import FILE');
    expect(said).toContain('init --create-table');
    expect(said).not.toContain('Check `table` or `preset`');
  });

  it('an empty folder, such as a new volume, is left empty', async () => {
    await mkdir(data());
    expect((await spendwatch('check')).code).toBe(3);
    expect(readdirSync(data())).toEqual([]);
  });

  it.each([
    ['import', ['import', 'calls.jsonl']],
    ['init --create-table', ['init', '--create-table']],
  ] as const)(
    '%s makes the store, says where, and every later command says which it reads',
    async (_, args) => {
      expect((await spendwatch(...args)).stderr).toContain(
        `AUDIT_DATABASE_URL is not set: using the embedded store ${data()}`,
      );
      const check = await spendwatch('check', '--format', 'json');
      expect(check.code).toBe(0);
      expect(JSON.parse(check.stdout).status).toBe('ok');
      expect(check.stderr).toBe(`AUDIT_DATABASE_URL is not set: using the embedded store ${data()}\n`);
    },
  );
});

describe('a file that still has the placeholder of the example', () => {
  it('is no fault of `validate --connect`, which names the placeholder and the variable', async () => {
    await makeEmbedded(data());
    await spendwatch('import', 'calls.jsonl');
    const { code, stderr } = await spendwatch('validate', '--connect');
    expect(code).toBe(0);
    expect(stderr).toContain(
      'channel oncall: warning: token is still the placeholder of the example\n  hint: set SLACK_BOT_TOKEN, or write token\n',
    );
    expect(stderr).not.toContain('replace-me');
  });

  it('is named by `test-channel`, which sends nothing', async () => {
    const { code, stdout } = await spendwatch('test-channel', 'oncall');
    expect(code).toBe(1);
    expect(stdout).toBe(
      'oncall: failed: token is still the placeholder of the example (set SLACK_BOT_TOKEN, or write token)\n',
    );
  });

  it('is not sent with: the delivery fails as one that a person must put right, and the receiver hears nothing', async () => {
    const ends = await startReceivers();
    try {
      const channels = ends.channels.replace('xoxb-test-token', '"${SLACK_BOT_TOKEN:-xoxb-replace-me}"');
      const file = FILE.replace(/^channels: .*\n/m, channels).replace(
        'threshold: 1 ',
        'threshold: 1, notify: [oncall] ',
      );
      await writeFile(join(folder.path, 'alerts.yaml'), file);
      const time = new Date(Date.now() - 120_000).toISOString();
      await writeFile(
        join(folder.path, 'calls.jsonl'),
        `${JSON.stringify({ time, service: 's', model: 'm', cost: 5 })}\n`,
      );
      await makeEmbedded(data());
      await spendwatch('import', 'calls.jsonl');
      const { stdout, stderr } = await spendwatch('check', '--notify');
      expect(stdout + stderr).toContain(
        'token is still the placeholder of the example (set SLACK_BOT_TOKEN, or write token)',
      );
      expect(ends.posts).toEqual([]);
      expect(hookTypes(ends.hooks)).toEqual(['health.channel']);
    } finally {
      await ends.close();
    }
  });
});
