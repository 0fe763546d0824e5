// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/problem.ts';
import { METRICS } from '../../src/model/metric.ts';
import { faultsOf, folderWith, load, minimal } from './support.ts';

const FILE = `version: 1
audit: { url: "pglite:./data" }
channels:
  oncall:
    type: slack
    token: xoxb-hush-secret
    channel: "#a"
rules:
  - name: burn
    type: threshold
    metric: spend
    window: 1h
    threshold: 100
    notify: [oncall]
`;

/** What a person reads for a file, without the file's name. */
async function told(text: string): Promise<string[]> {
  const faults = await faultsOf(text);
  return formatProblems(faults)
    .replaceAll(/^.*alerts\.yaml:/gm, '')
    .split('\n')
    .map((line) => line.trim());
}

const BRACES = 'hint: put quotes around the value; a variable of the environment is written ${NAME}';
const VARIABLE = 'hint: write ${NAME} to put in the environment variable NAME';
const METRIC_NAMES = `hint: known here: ${METRICS.join(', ')}`;
const change = (from: string | RegExp, to: string): string => FILE.replace(from, to);
const more = (line: string): string => change('notify:', `${line}\n    notify:`);

describe('a mistake is one fault with key, rule, what was written, and a cure', () => {
  it.each([
    [
      'a tab',
      change('    window', '\twindow'),
      ['12:1 a tab is used as indentation', 'hint: indent with spaces'],
    ],
    [
      'an unquoted #channel',
      change('"#a"', '#a'),
      [
        '7:14 channels.oncall.channel: expected a text, found nothing',
        'hint: an unquoted # begins a comment: put quotes around the value',
      ],
    ],
    [
      'an unquoted #channel between brackets',
      minimal('channels: { oncall: { type: slack, token: xoxb-hush-secret, channel: #llm } }\n'),
      [
        '5:70 an unquoted # begins a comment, so that the bracket before it is not closed',
        'hint: put quotes around the value',
      ],
    ],
    [
      'an unquoted schedule of stars',
      `schedule: * * * * *\n${FILE}`,
      ['1:11 an unquoted * begins an alias', 'hint: put quotes around the value'],
    ],
    [
      'an unquoted schedule that begins with a star',
      `schedule: */5 * * * *\n${FILE}`,
      ['1:11 an unquoted * begins an alias', 'hint: put quotes around the value'],
    ],
    [
      'a text in place of a list',
      more('group_by: service'),
      [
        '14:15 rules[0].group_by (burn): expected a list, found "service"',
        'hint: a list has brackets: `group_by: [service]`',
      ],
    ],
    [
      'a missing version',
      change('version: 1\n', ''),
      ['1:1 version: the key "version" is missing', 'hint: write `version: 1`'],
    ],
    [
      'a version in quotes',
      change('version: 1', 'version: "1"'),
      [
        '1:10 version: "1" must be 1, the only version of the format that there is',
        'hint: write it without quotes',
      ],
    ],
    [
      'metric: cost',
      change('metric: spend', 'metric: cost'),
      ['11:13 rules[0].metric (burn): "cost" is not known here', 'hint: did you mean "spend"?'],
    ],
    [
      'a metric that there is not',
      change('metric: spend', 'metric: happiness'),
      ['11:13 rules[0].metric (burn): "happiness" is not known here', METRIC_NAMES],
    ],
    [
      'a text of many letters in place of a metric',
      change('metric: spend', `metric: ${'m'.repeat(3_000)}`),
      [`11:13 rules[0].metric (burn): "${'m'.repeat(59)}…" is not known here`, METRIC_NAMES],
    ],
    [
      'a rule name of many letters',
      change('name: burn', `name: ${'n'.repeat(3_000)}`),
      [
        `9:11 rules[0].name (${'n'.repeat(59)}…): "${'n'.repeat(59)}…" must have at most 200 letters`,
        'hint: name: Unique name of at most 200 characters; alerts carry it',
      ],
    ],
    [
      'an unknown key of many letters',
      more(`${'k'.repeat(100)}: 1`),
      [
        `14:5 rules[0]["${'k'.repeat(59)}…"] (burn): unknown key "${'k'.repeat(59)}…"`,
        expect.stringMatching(/^hint: keys that are known here: type, name/),
      ],
    ],
    [
      'a URL in place of a heartbeat',
      minimal('heartbeat: https://ping.example.com/hush\n'),
      [
        '5:12 heartbeat: expected a mapping, found a text',
        'hint: write a mapping: `heartbeat: { url: "https://…" }`',
      ],
    ],
    [
      'an address in place of `http`',
      minimal('http: 127.0.0.1:9464\n'),
      ['5:7 http: expected a mapping, found a text', 'hint: write a mapping: `http: { listen: … }`'],
    ],
    [
      'the type of a channel in its place',
      minimal('channels: { oncall: slack }\n'),
      [
        '5:21 channels.oncall: expected a mapping, found a text',
        'hint: write a mapping: `oncall: { type: … }`',
      ],
    ],
    [
      'silences without dashes',
      minimal('silences: { match: { rule: burn } }\n'),
      ['5:11 silences: expected a list, found a mapping', 'hint: begin each entry with a dash: `- match: …`'],
    ],
    [
      'dimensions without a list',
      more('group_by: { service: a }'),
      [
        '14:15 rules[0].group_by (burn): expected a list, found a mapping',
        'hint: a list has brackets: `group_by: […]`',
      ],
    ],
    [
      'a condition as a text',
      more('where: "service = a"'),
      [
        '14:12 rules[0].where (burn): expected a mapping, found "service = a"',
        'hint: write a mapping: `where: { service: a }`',
      ],
    ],
    [
      'a condition without its value',
      more('where: service'),
      [
        '14:12 rules[0].where (burn): expected a mapping, found "service"',
        'hint: write a mapping: `where: { name: … }`',
      ],
    ],
    ...['.nan', '-.inf', '.INF'].map((figure): [string, string, string[]] => [
      `a limit of ${figure}`,
      change('threshold: 100', `threshold: ${figure}`),
      [
        `13:16 rules[0].threshold (burn): expected a number, found ${figure}`,
        "hint: threshold: The limit, in the metric's unit; needed unless `thresholds` is given",
      ],
    ]),
    ...['$NOPE_URL', '"{{ .Values.url }}"', '"%URL%"', '$(URL)'].map((url): [string, string, string[]] => [
      `a variable of another tool: ${url}`,
      minimal(`channels: { a: { type: webhook, url: ${url} } }\n`),
      ['5:38 channels.a.url: not an http(s) URL', VARIABLE],
    ]),
    [
      'a secret that is a variable without its braces',
      minimal('channels: { a: { type: webhook, url: "https://h/", secret: $WEBHOOK_SECRET } }\n'),
      ['5:60 channels.a.secret: must be `whsec_` and base64, or a text of at least 16 bytes', VARIABLE],
    ],
    [
      'metric: requests',
      change('metric: spend', 'metric: requests'),
      ['11:13 rules[0].metric (burn): "requests" is not known here', 'hint: did you mean "calls"?'],
    ],
    [
      'a window in words',
      change('window: 1h', 'window: 1 hour'),
      [
        '12:13 rules[0].window (burn): "1 hour" is not a window',
        'hint: use a duration (15m, 1h, 24h, 7d) or today, yesterday, this_week, this_month',
      ],
    ],
    ...['0m', '99999d'].map((window): [string, string, string[]] => [
      `a window of ${window}`,
      change('window: 1h', `window: ${window}`),
      [
        `12:13 rules[0].window (burn): "${window}" must be above 0 and at most 3660d`,
        'hint: use a duration (15m, 1h, 24h, 7d) or today, yesterday, this_week, this_month',
      ],
    ]),
    [
      'a duration that is longer than it may be',
      more('for: 99999d'),
      [
        '14:10 rules[0].for (burn): "99999d" must be at most 24h',
        'hint: write a number and a unit: 90s, 15m, 1h, 7d, 2w',
      ],
    ],
    [
      'a delay of centuries',
      more('delay: 99999d'),
      [
        '14:12 rules[0].delay (burn): "99999d" must be at most 3660d',
        'hint: write a number and a unit: 90s, 15m, 1h, 7d, 2w',
      ],
    ],
    [
      'a limit with a currency sign',
      change('threshold: 100', 'threshold: $100'),
      [
        '13:16 rules[0].threshold (burn): "$100" is not a number',
        'hint: write a plain decimal such as 100 or 0.05, without unit or commas',
      ],
    ],
    [
      'an unquoted >',
      more('operator: >'),
      [
        '14:15 rules[0].operator (burn): "" is not one of >=, >, <= or <',
        'hint: an unquoted > begins a text of several lines: put quotes around the value',
      ],
    ],
    [
      'an unquoted >=',
      more('operator: >='),
      ['14:15 an unquoted > begins a text of several lines', 'hint: put quotes around the value'],
    ],
    [
      'an operator in letters',
      more('operator: gte'),
      ['14:15 rules[0].operator (burn): "gte" is not one of >=, >, <= or <', 'hint: did you mean ">="?'],
    ],
    [
      'a severity of another tool',
      more('severity: high'),
      [
        '14:15 rules[0].severity (burn): "high" is not one of info, warning or critical',
        'hint: did you mean "critical"?',
      ],
    ],
    [
      'yes in place of true',
      more('enabled: yes'),
      [
        '14:14 rules[0].enabled (burn): expected true or false, found "yes"',
        'hint: enabled: `false` keeps the rule in the file without evaluating it',
      ],
    ],
    [
      'no space after a colon',
      change('window: 1h', 'window:1h'),
      ['12:5 this line is not `key: value`', 'hint: put a space after the colon'],
    ],
    [
      'rules without dashes',
      change('  - name', '    name'),
      ['9:5 rules: expected a list, found a mapping', 'hint: begin each entry with a dash: `- name: …`'],
    ],
    [
      'channels with dashes',
      change('  oncall:\n', '  - name: oncall\n'),
      [
        '4:3 channels: expected a mapping, found a list',
        'hint: write `key: value` below `channels:`, without dashes or brackets',
      ],
    ],
    ['a quote that is not closed', change('"#a"', '"#a'), ['7:14 the " that begins here is not closed']],
    [
      'a bracket that is not closed',
      change('[oncall]', '[oncall'),
      ['14:13 the [ that begins here is not closed'],
    ],
    [
      'a line that is indented by one space less',
      change('    window', '   window'),
      [
        '12:1 the indentation does not fit',
        'hint: align it with the lines above; is a dash or a colon missing?',
      ],
    ],
    [
      'a zone by its city',
      `timezone: Berlin\n${FILE}`,
      ['1:11 timezone: "Berlin" is not an IANA time zone', 'hint: did you mean "Europe/Berlin"?'],
    ],
    [
      'a misspelled key that is needed',
      change('metric: spend', 'metrc: spend'),
      ['11:5 rules[0].metrc (burn): unknown key "metrc"', 'hint: did you mean "metric"?'],
    ],
    [
      'a misspelled limit',
      change('thresholds: ', '').replace('threshold: 100', 'limit: 100'),
      ['13:5 rules[0].limit (burn): unknown key "limit"', 'hint: did you mean "threshold"?'],
    ],
    [
      'a misspelled type of a rule',
      change('type: threshold', 'typ: threshold'),
      ['10:5 rules[0].typ (burn): unknown key "typ"', 'hint: did you mean "type"?'],
    ],
    [
      'the type of a channel under another name',
      change('type: slack', 'kind: slack'),
      ['5:5 channels.oncall.kind: unknown key "kind"', 'hint: did you mean "type"?'],
    ],
    [
      'limits by severity under the key of one limit',
      change('threshold: 100', 'threshold: { warning: 100 }'),
      [
        '13:16 rules[0].threshold (burn): expected a number, found a mapping',
        'hint: `thresholds:` takes a mapping',
      ],
    ],
    [
      'the end of a silence under another name',
      minimal(
        'silences: [{ match: { rule: burn }, from: 2026-11-20T00:00:00Z, till: 2026-11-21T00:00:00Z }]\n',
      ),
      ['5:65 silences[0].till: unknown key "till"', 'hint: did you mean "until"?'],
    ],
    [
      'a text in braces',
      more('message: {x}'),
      [
        '14:14 rules[0].message (burn): expected a text, found a mapping',
        'hint: an unquoted { begins a mapping: put quotes around the value if a text is meant',
      ],
    ],
    [
      'a text in brackets',
      more('message: [CRITICAL]'),
      [
        '14:14 rules[0].message (burn): expected a text, found a list',
        'hint: an unquoted [ begins a list: put quotes around the value if a text is meant',
      ],
    ],
    [
      'a template where the rule of a silence is named',
      minimal(
        'silences: [{ match: { rule: {{ x }} }, from: 2026-11-20T00:00:00Z, until: 2026-11-21T00:00:00Z }]\n',
      ),
      ['5:29 silences[0].match.rule: an unquoted {{ begins a mapping', BRACES],
    ],
    [
      'a misspelled key of limits by severity',
      change('threshold: 100', 'tresholds: { warning: 100 }'),
      ['13:5 rules[0].tresholds (burn): unknown key "tresholds"', 'hint: did you mean "thresholds"?'],
    ],
    [
      'limits by severity under the name of another tool',
      change('threshold: 100', 'limits: { warning: 100 }'),
      ['13:5 rules[0].limits (burn): unknown key "limits"', 'hint: did you mean "thresholds"?'],
    ],
    [
      'a misspelled secret where another key would do as well',
      change(/ {4}token.*\n.*\n/, '    webhok_url: https://hooks.slack.com/hush\n'),
      ['6:5 channels.oncall.webhok_url: unknown key "webhok_url"', 'hint: did you mean "webhook_url"?'],
    ],
    [
      'a second document',
      change('channels:', '---\nchannels:'),
      ['3:1 a second document begins here', 'hint: keep one document: remove the line `---`'],
    ],
    [
      'a template in a text',
      more('message: {{ x }}'),
      ['14:14 rules[0].message (burn): an unquoted {{ begins a mapping', BRACES],
    ],
    [
      'a template before a text',
      more('message: {{ x }} is over'),
      ['14:14 an unquoted {{ begins a mapping', BRACES],
    ],
    [
      'a template in place of a number',
      change('threshold: 100', 'threshold: {{ .Values.limit }}'),
      ['13:16 rules[0].threshold (burn): an unquoted {{ begins a mapping', BRACES],
    ],
    [
      'a text that begins with a bracket',
      more('message: [CRITICAL] spend'),
      ['14:14 an unquoted [ begins a list', 'hint: put quotes around the value'],
    ],
    [
      'a misspelled severity of limits',
      change('threshold: 100', 'thresholds: { warn: 100 }'),
      ['13:19 rules[0].thresholds.warn (burn): unknown key "warn"', 'hint: did you mean "warning"?'],
    ],
    [
      'a secret under another key',
      change('token:', 'bot_token:'),
      ['6:5 channels.oncall.bot_token: unknown key "bot_token"', 'hint: did you mean "token"?'],
    ],
    [
      'a misspelled `channels`',
      change('channels:', 'chanels:'),
      ['3:1 chanels: unknown key "chanels"', 'hint: did you mean "channels"?'],
    ],
    [
      'a misspelled `rules`',
      change('rules:', 'rule:'),
      ['8:1 rule: unknown key "rule"', 'hint: did you mean "rules"?'],
    ],
    [
      'null where a name is meant',
      change('name: burn', 'name: null'),
      [
        '9:11 rules[0].name: expected a text, found nothing',
        'hint: put quotes around it if this text is meant',
      ],
    ],
    [
      'a key twice',
      more('window: 2h'),
      ['14:5 rules[0].window (burn): the key "window" stands here twice', 'hint: keep one of the two'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await told(text)).toEqual(expected);
  });

  it.each([
    ['token', change('token: xoxb-hush-secret', 'token: [xoxb-hush-secret]')],
    [
      'a mapping of secrets',
      minimal(
        'channels: { a: { type: webhook, url: "https://h/", secret: hush-hush-hush-hush, headers: hush } }',
      ),
    ],
    [
      'a list of secrets',
      minimal('channels: { a: { type: webhook, url: "https://h/", secrets: hush-hush-hush-hush } }'),
    ],
    ['a part that holds secrets', minimal('heartbeat: "https://ping.example.com/hush"')],
    ['the audit part', FILE.replace('{ url: "pglite:./data" }', '"postgres://u:hush@h/d"')],
    ['the state part', minimal('state: "postgres://u:hush@h/d"')],
    ['a channel', FILE.replace(/oncall:\n[\s\S]*"#a"/, 'oncall: https://hooks.slack.com/hush')],
    ['a text without its end', change('token: xoxb-hush-secret', 'token: "xoxb-hush-secret')],
    ['a long URL', minimal(`heartbeat: "https://ping.example.com/${'hush-'.repeat(30)}"`)],
    [
      'a long text in place of a URL',
      minimal(`channels: { a: { type: webhook, url: ${'hush-'.repeat(30)} } }`),
    ],
    ['an alias', change('token: xoxb-hush-secret', 'token: *hush')],
    ['a tag', change('token: xoxb-hush-secret', 'token: !hush hush')],
    ['a line without its key', change('token: xoxb-hush-secret', 'xoxb-hush-secret')],
  ])('shows no secret that stands where another sort of value belongs: %s', async (_, text) => {
    const lines = await told(text);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toMatch(/hush/);
  });

  it('shows no part of a long value of the environment, though it is cut', async () => {
    const text = change('name: burn', 'name: ${LONG}');
    const twice = `${text}${text.slice(text.indexOf('  - name'))}    severity: \${LONG}\n`;
    const faults = await faultsOf(twice, { LONG: 'hush-'.repeat(30) });
    expect(faults).toHaveLength(2);
    expect(JSON.stringify(faults)).not.toMatch(/hush/);
  });

  it.each([
    ['UTF-16', Buffer.from(`\uFEFF${FILE}`, 'utf16le'), '1:1 the file is UTF-16 text'],
    ['UTF-16 without its mark', Buffer.from(FILE, 'utf16le'), '1:1 the file is UTF-16 text'],
    ['GBK', Buffer.from(change('burn', '\xb2\xe2'), 'latin1'), '9:1 line 9 is not UTF-8 text'],
  ])('names another encoding, in alerts.yaml and beside it: %s', async (_, bytes, expected) => {
    const folder = await folderWith({ 'alerts.yaml': bytes });
    const faultOf = (path: string) => loadConfig(join(folder, path), {}).then(() => '', String);
    const words = await faultOf('alerts.yaml');
    expect(words).toContain(`alerts.yaml:${expected}`);
    expect(words).toMatch(/hint: .*save it as UTF-8/);
    const audit = '{ url: "pglite:x", prices: alerts.yaml }';
    const channels = 'channels: { a: { type: slack, channel: a, token_file: alerts.yaml } }\n';
    await writeFile(join(folder, 'b.yaml'), minimal(channels).replace('{ url: "pglite:./data" }', audit));
    const others = await faultOf('b.yaml');
    expect(others).toContain(`alerts.yaml:${expected}`);
    expect(others).toContain(`channels.a.token_file: ${expected.slice(4)}: the secret file alerts.yaml`);
  });
});

describe('what is valid, but most likely not meant, is a warning', () => {
  const warningsOf = async (text: string): Promise<string[]> =>
    (await load(text)).warnings.map(({ line, column, message }) => `${line}:${column} ${message}`);

  it('such as parameters in the URL of a database that nothing heeds', async () => {
    const url = 'postgres://u:hush@h/d?ssl_mode=verify-full&statement_timeout=5000&pgbouncer=true';
    const text = minimal().replace('pglite:./data', url);
    const { warnings } = await load(`${text}state: { url: "postgres://h/d?statement_timeout=1" }\n`);
    const words = formatProblems(warnings).replaceAll(/^.*alerts\.yaml:/gm, '');
    expect(words).toContain(
      '2:15 audit.url: the parameter "ssl_mode" of the URL has no effect\n    hint: did you mean "sslmode"?',
    );
    expect(words).toContain(
      '"statement_timeout" of the URL has no effect\n    hint: set audit.statement_timeout',
    );
    expect(words).toContain(
      'state.url: the parameter "statement_timeout" of the URL has no effect\n    hint: take',
    );
    expect(words).not.toMatch(/pgbouncer|hush/);
  });

  it('rules without any channel', async () => {
    expect(await warningsOf(minimal())).toEqual(['3:1 the file has no channel, so nobody is told']);
    expect(await warningsOf(FILE)).toEqual([]);
  });

  it('a secret that looks like a variable without its braces', async () => {
    expect(await warningsOf(change('xoxb-hush-secret', '$SLACK_BOT_TOKEN'))).toEqual([
      '6:12 this is not a variable, but plain text',
    ]);
    expect(await warningsOf(change('xoxb-hush-secret', '"a$b"'))).toEqual([]);
  });
});
