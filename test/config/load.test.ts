// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this

import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WebhookOptions } from '../../src/channels/webhook/options.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { sumsBasis } from '../../src/config/sums-basis.ts';
import { describeMetric } from '../../src/model/metric.ts';
import { parseFixed } from '../../src/model/money.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import type { ThresholdRule } from '../../src/rules/threshold-rule.ts';
import { faultsOf, folderWith, load, minimal } from './support.ts';

const SLACK = `
channels:
  oncall: { type: slack, token: xoxb-1, channel: "#a" }
  finance: { type: slack, token: xoxb-2, channel: "#b" }
`;

describe('the smallest file', () => {
  it('gets the documented defaults', async () => {
    const config = await load(minimal());
    expect(config).toMatchObject({
      timezone: 'UTC',
      schedule: '* * * * *',
      audit: {
        latenessMs: 15 * 60_000,
        reconcileMs: 3_600_000,
        staleAfter: 'auto',
        rollup: 'on',
        statementTimeoutMs: 60_000,
        prices: null,
        mapping: { table: 'api_audit_logs' },
      },
      state: { url: null },
      silences: [],
      health: { notify: [], blindAfter: 3 },
      heartbeat: null,
      http: { host: '127.0.0.1', port: 9464 },
    });
    expect(config.audit.url.reveal()).toBe('pglite:./data');
    expect(config.dir).toBe(dirname(config.path));
    expect(config.watchedFiles).toEqual([config.path]);
  });

  it('keeps a limit exactly as it is written', async () => {
    const [rule] = (await load(minimal())).rules;
    expect(rule?.type === 'threshold' && (rule as ThresholdRule).steps).toEqual([
      { severity: 'warning', bound: parseFixed('100.1') },
    ]);
  });
});

describe('who is told', () => {
  it('is every channel where neither the rule nor the defaults name one', async () => {
    const config = await load(minimal(SLACK));
    expect(config.rules[0]?.notify.critical).toEqual(['oncall', 'finance']);
    expect(config.health.notify).toEqual(['oncall', 'finance']);
  });

  it('is the channels of the defaults, and health tells all that enabled rules name', async () => {
    const config = await load(`version: 1
audit: { url: "pglite:x" }
defaults: { notify: [oncall], severity: critical }
rules:
  - { name: a, type: threshold, metric: spend, window: 1h, threshold: 1 }
  - { name: b, type: threshold, metric: spend, window: 1h, threshold: 1, notify: [finance], enabled: false }
${SLACK}`);
    expect(config.rules.map(({ severity, notify }) => [severity, notify.critical])).toEqual([
      ['critical', ['oncall']],
      ['critical', ['finance']],
    ]);
    expect(config.health.notify).toEqual(['oncall']);
  });
});

describe('variables', () => {
  it('stand for text, and for numbers and booleans where only those fit', async () => {
    const text = `version: \${VERSION}
audit: { url: "\${URL}", lateness: "\${LATENESS:-5m}" }
rules:
  - name: "\${NAME}"
    type: threshold
    metric: spend
    window: 1h
    threshold: "\${LIMIT}"
    enabled: "\${ENABLED}"
    message: "costs $5, $$5, $\${NAME} and \${EMPTY:-nothing}"
health: { blind_after: "\${BLIND}" }
`;
    const env = {
      VERSION: '1',
      URL: 'pglite:y',
      NAME: '42',
      LIMIT: '100.10',
      ENABLED: 'false',
      EMPTY: '',
      BLIND: '7',
    };
    const config = await load(text, { env });
    expect(config.rules[0]).toMatchObject({
      name: '42',
      enabled: false,
      message: 'costs $5, $5, ${NAME} and nothing',
      steps: [{ bound: parseFixed('100.1') }],
    });
    expect(config).toMatchObject({ audit: { latenessMs: 300_000 }, health: { blindAfter: 7 } });
  });

  it('are never read as YAML', async () => {
    const config = await load(minimal(SLACK).replace('name: burn', 'name: "${NAME}"'), {
      env: { NAME: 'a, threshold: 0 }\n  - {"' },
    });
    expect(config.rules.map(({ name }) => name)).toEqual(['a, threshold: 0 }\n  - {"']);
  });

  it('that are missing are named with their line, several at once', async () => {
    const faults = await faultsOf(minimal('silences: []\nheartbeat:\n  url: https://${A_HOST}/${A_PATH}\n'));
    expect(faults.map(({ line, column, message }) => [line, column, message])).toEqual([
      [7, 16, 'the environment variable A_HOST is not set'],
      [7, 26, 'the environment variable A_PATH is not set'],
    ]);
  });

  it('do not change keys', async () => {
    const [fault] = await faultsOf(minimal('"${KEY}": 1\n'), { KEY: 'timezone' });
    expect(fault?.message).toBe('unknown key "${KEY}"');
  });

  it('leave the state in the audit database when its URL is empty', async () => {
    expect((await load(minimal('state: { url: "${STATE:-}" }\n'))).state.url).toBeNull();
    const config = await load(minimal('state: { url: "${STATE:-}" }\n'), {
      env: { STATE: 'postgres://h/d' },
    });
    expect(config.state.url?.reveal()).toBe('postgres://h/d');
  });
});

describe('secret files', () => {
  it('give secrets without their final newline, are watched, and start at the folder of the file', async () => {
    const config = await load(
      `version: 1
audit: { url_file: audit-url }
channels:
  hook:
    type: webhook
    url_file: "\${FILES}-url"
    secrets_file: [new, old]
    headers: { Authorization_file: auth }
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 1 }
`,
      {
        env: { FILES: 'hook' },
        files: {
          'audit-url': 'pglite:z\n',
          'hook-url': 'https://example.com/\r\n',
          new: 'a-secret-of-16-bytes\n\n',
          old: 'another-of-16-bytes',
          auth: 'Bearer ${NOT_A_VARIABLE}\n',
        },
      },
    );
    expect(config.audit.url.reveal()).toBe('pglite:z');
    const hook = config.channels.get('hook');
    if (hook === undefined) throw new Error('the channel is not there');
    expect(hook.type).toBe('webhook');
    expect(JSON.stringify(hook)).not.toContain('of-16');
    const { url, secrets, headers } = hook.options as WebhookOptions;
    expect(url.reveal()).toBe('https://example.com/');
    expect(secrets.map((secret) => secret.reveal())).toEqual([
      'a-secret-of-16-bytes\n',
      'another-of-16-bytes',
    ]);
    expect(headers.Authorization?.reveal()).toBe('Bearer ${NOT_A_VARIABLE}');
    const names = config.watchedFiles.map((file) => file.slice(config.dir.length + 1));
    expect(names.toSorted()).toEqual(['alerts.yaml', 'audit-url', 'auth', 'hook-url', 'new', 'old']);
  });
});

describe('an email channel', () => {
  const mail = (keys: string) => minimal(`channels:\n  mail: { type: email, to: [a@example.com]${keys} }\n`);

  it('takes from SMTP_* what it does not say', async () => {
    const env = {
      SMTP_SERVER: 'smtp.example.com',
      SMTP_PORT: '2525',
      SMTP_USER: 'u',
      SMTP_PASSWORD: 'p',
      SMTP_FROM: 'watch@example.com',
    };
    const options = (await load(mail(', port: 25'), { env })).channels.get('mail')?.options;
    expect(options).toMatchObject({
      host: 'smtp.example.com',
      port: 25,
      from: { address: 'watch@example.com' },
    });
    const other = (await load(mail(''), { env })).channels.get('mail')?.options;
    expect(other).toMatchObject({ port: 2525, login: { user: 'u' } });
  });

  it('is a fault without a sender, and does not show what the environment says', async () => {
    const faults = await faultsOf(mail(''), { SMTP_SERVER: 'smtp.example.com', SMTP_PORT: 'not-a-port-77' });
    const text = JSON.stringify(faults);
    expect(faults.length).toBeGreaterThan(0);
    expect(text).toContain('port');
    expect(text).not.toContain('not-a-port-77');
  });
});

describe('http', () => {
  it.each([
    ['off', null],
    [':9464', { host: '', port: 9464 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
  ])('listen: "%s"', async (listen, expected) => {
    expect((await load(minimal(`http: { listen: "${listen}" }\n`))).http).toEqual(expected);
  });
});

describe('the token of the API', () => {
  const TOKEN = 'a-token-of-the-api-0123456789';

  it('comes from the file, from a variable or from a file of its own, and prints as ***', async () => {
    expect((await load(minimal())).apiToken).toBeNull();
    const { apiToken } = await load(minimal('http: { token: "${API_TOKEN}" }\n'), {
      env: { API_TOKEN: TOKEN },
    });
    expect([apiToken?.reveal(), String(apiToken)]).toEqual([TOKEN, '***']);
    const folder = await folderWith({
      'alerts.yaml': minimal('http: { token_file: ./token }\n'),
      token: `${TOKEN}\n`,
    });
    const config = await loadConfig(join(folder, 'alerts.yaml'), {});
    expect(config.apiToken?.reveal()).toBe(TOKEN);
    expect(config.watchedFiles).toContain(join(folder, 'token'));
  });

  it.each([
    ['0123456789abcde', 'a token has at least 16 characters'],
    ['"0123456789 abcdef"', 'holds a character that no header may have'],
  ])('is refused as %s', async (token, message) => {
    const faults = await faultsOf(minimal(`http: { token: ${token} }\n`));
    expect(faults.map(({ message: found }) => found)).toEqual([message]);
    expect(JSON.stringify(faults)).not.toContain(token.replaceAll('"', ''));
  });

  it('is not needed by commands that serve nothing', async () => {
    const text = minimal('http: { listen: ":9", token_file: ./no-such-file }\n');
    const folder = await folderWith({ 'alerts.yaml': text });
    const config = await loadConfig(join(folder, 'alerts.yaml'), {}, { sends: false });
    expect([config.apiToken, config.http]).toEqual([null, { host: '', port: 9 }]);
    expect(config.missing.map(({ path }) => path)).toEqual([['http', 'token_file']]);
    await expect(loadConfig(join(folder, 'alerts.yaml'), {})).rejects.toThrow(/no-such-file cannot be read/);
  });
});

describe('the heartbeat', () => {
  it.each([
    ['a secret file', '{ url_file: ./no-such-file }', ['url_file'], /no-such-file cannot be read/],
    ['a variable', '{ url: "${BEAT}" }', ['url'], /BEAT is not set/],
    ['a variable of its proxy', '{ url: "https://h/", proxy: "${BEAT}" }', ['proxy'], /BEAT is not set/],
  ])('is not needed by commands that send nothing: %s', async (_, keys, path, fault) => {
    // The channel's name is that of the key.
    const text = minimal(`${SLACK.replace('oncall:', 'url:')}heartbeat: ${keys}\n`);
    const folder = await folderWith({ 'alerts.yaml': text });
    const config = await loadConfig(join(folder, 'alerts.yaml'), {}, { sends: false });
    expect(config.heartbeat).toBeNull();
    expect(config.channels.get('url')?.options).not.toBeNull();
    expect(config.missing.map((one) => one.path)).toEqual([['heartbeat', ...path]]);
    await expect(loadConfig(join(folder, 'alerts.yaml'), {})).rejects.toThrow(fault);
  });
});

describe('the rows that are read', () => {
  const table = (where: string): string =>
    minimal().replace(
      /audit: .*/,
      `audit: { url: "pglite:./data", table: logs, columns: { time: t, cost: c }, where: ${where} }`,
    );

  it('are chosen by columns of the table, with values as they are written, or by an expression', async () => {
    const { audit } = await load(table('{ type: [2, 007, true, null], "Kind of": { not: test } }'));
    expect(audit.mapping.where).toEqual([
      { column: 'type', values: { in: ['2', '007', 'true', null] } },
      { column: 'Kind of', values: { notIn: ['test'] } },
    ]);
    expect((await load(table('{ sql: "type = 2" }'))).audit.mapping.where).toEqual([{ sql: 'type = 2' }]);
  });

  it('are a part of what kept sums depend on', async () => {
    const bases: string[] = [];
    for (const where of ['{}', '{ type: 2 }', '{ type: [2, 5] }', '{ sql: "type = 2" }'])
      bases.push(sumsBasis(await load(table(where))));
    expect(new Set(bases).size).toBe(4);
  });

  it('are not chosen by a number, an empty list or two ways at once', async () => {
    for (const where of ['2', '{ type: [] }', '{ type: { sql: x } }'])
      expect((await faultsOf(table(where))).map(({ path }) => path[1])).toContain('where');
  });
});

describe('the time of a call', () => {
  const table = (columns: string): string =>
    minimal().replace(/audit: .*/, `audit: { url: "pglite:./data", table: logs, columns: ${columns} }`);

  it('is a column, of numbers since 1970, or of local times; each makes other sums', async () => {
    const times = ['at', '{ column: at, unit: s }', '{ column: at, zone: Asia/Shanghai }'];
    const configs = await Promise.all(times.map((time) => load(table(`{ time: ${time}, cost: c }`))));
    expect(configs.map(({ audit }) => [audit.mapping.columns.time, audit.mapping.timeKind])).toEqual([
      ['at', null],
      ['at', { unit: 's' }],
      ['at', { zone: 'Asia/Shanghai' }],
    ]);
    expect(new Set(configs.map(sumsBasis)).size).toBe(3);
  });

  it.each([
    ['{ time: { column: at, unit: h }, cost: c }', 'time'],
    ['{ time: { column: at, zone: Asia/Shangai }, cost: c }', 'time'],
    ['{ time: { column: at }, cost: c }', 'time'],
    ['{ time: at, cost: { column: c, unit: s } }', 'cost'],
  ])('is a fault in %s', async (columns, name) => {
    expect(await faultsOf(table(columns))).toMatchObject([
      {
        path: expect.arrayContaining(['columns', name]),
        message: expect.not.stringMatching(/Invalid input/),
      },
    ]);
  });
});

describe('the currency of costs', () => {
  const file = (currency: string): string =>
    minimal('  - { name: new, type: new_value, dimension: model }\n').replace(
      '"pglite:./data"',
      `"pglite:./data", currency: ${currency}`,
    );

  it('is that of every metric of money, whatever rule it is of', async () => {
    const { audit, rules } = await load(file('CNY'));
    expect(audit.currency).toBe('CNY');
    expect(rules.map(({ metric }) => describeMetric(metric))).toMatchObject([
      { name: 'spend', unit: 'CNY' },
      { name: 'spend', unit: 'CNY' },
    ]);
    expect((await load(file('USD'))).rules.map(({ metric }) => metric)).toEqual(['spend', 'spend']);
  });

  it('changes no alert', async () => {
    const identity = async (currency: string) =>
      (await load(file(currency))).rules.map((rule) => ruleTypeOf(rule).identity(rule));
    expect(await identity('CNY')).toEqual(await identity('USD'));
  });

  it('is a code', async () => {
    expect(await faultsOf(file('RMB'))).toMatchObject([
      { path: ['audit', 'currency'], hint: expect.stringContaining('CNY') },
    ]);
  });

  it('is that of the price list', async () => {
    const priced = (list: string) =>
      load(file('CNY').replace('currency:', 'prices: p.yaml, currency:'), { files: { 'p.yaml': list } });
    const list = 'version: 2\ncurrency: CNY\nmodels: { m: { input: 1 } }\n';
    expect((await priced(list)).audit.prices?.models.m).toHaveLength(1);
    await expect(priced(list.replace('CNY', 'USD'))).rejects.toMatchObject({
      problems: [{ message: 'the prices are in USD, but costs are in CNY' }],
    });
  });
});

describe('incidents', () => {
  it('are about the dimension of `by`, or the first usual one where the table lacks that', async () => {
    expect((await load(minimal('incidents: { by: user }\n'))).incidents.by).toBe('user');
    const table = minimal('incidents: { by: session }\n').replace(
      /audit: .*/,
      'audit: { url: "pglite:./data", table: t, columns: { time: t, cost: c, model: m } }',
    );
    expect((await load(table)).incidents.by).toBe('model');
  });

  it('are not about a name that nothing has', async () => {
    expect(await faultsOf(minimal('incidents: { by: servce }\n'))).toMatchObject([
      {
        path: ['incidents', 'by'],
        message: 'no dimension is named "servce"',
        hint: 'did you mean "service"?',
      },
    ]);
  });
});

describe('silences', () => {
  it('tell rule and dimensions apart, and null is NULL', async () => {
    const config = await load(
      minimal(`silences:
  - { match: { rule: burn, service: a, user: null }, from: 2026-11-20T01:00:00+01:00, until: 2026-11-21T00:00:00Z }
`),
    );
    expect(config.silences).toEqual([
      {
        rule: 'burn',
        incident: null,
        match: { service: 'a', user: null },
        times: { from: Date.UTC(2026, 10, 20), until: Date.UTC(2026, 10, 21) },
        reason: '',
      },
    ]);
  });

  it('come again in the zone of the file, and may name an incident', async () => {
    const config = await load(
      minimal(`timezone: Europe/Berlin
silences:
  - { match: { incident: k3x9 }, every: "0 2 * * sun", lasts: 4h, reason: load test }
`),
    );
    expect(config.silences).toEqual([
      {
        rule: null,
        incident: 'k3x9',
        match: {},
        times: { every: '0 2 * * sun', zone: 'Europe/Berlin', lastsMs: 4 * 3_600_000 },
        reason: 'load test',
      },
    ]);
  });
});

describe('a file that cannot be read', () => {
  it('is missing: then init is named', async () => {
    const folder = await folderWith({});
    const error = await loadConfig(join(folder, 'alerts.yaml'), {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).code).toBe('config_invalid');
    expect((error as ConfigError).message).toContain('there is no such file');
    expect((error as ConfigError).message).toContain('spendwatch init');
  });

  it('is a folder, too large, or no text', async () => {
    const folder = await folderWith({ 'large.yaml': '#'.repeat(1_100_000) });
    await expect(loadConfig(folder, {})).rejects.toThrow('it is a folder');
    await expect(loadConfig(join(folder, 'large.yaml'), {})).rejects.toThrow('larger than 1 MiB');
    await expect(loadConfig(process.execPath, {})).rejects.toThrow(ConfigError);
  });
});
