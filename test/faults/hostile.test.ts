// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { compose } from '../../src/channels/email/compose.ts';
import { emailSchema } from '../../src/channels/email/options.ts';
import { channelTypes } from '../../src/channels/index.ts';
import type { SlackPost } from '../../src/channels/slack/blocks.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { poll } from '../../src/pipeline/poll.ts';
import { openSql } from '../../src/sql/open.ts';
import { openState } from '../../src/state/open.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { openLiveSums } from '../../src/sums/live/live-sums.ts';
import { openMetrics } from '../../src/worker/metrics/metrics.ts';
import { faultsOf, folderWith, minimal } from '../config/support.ts';
import { alertsQueuedBy, burn, HOUR, MINUTE, openPollWorld, type PollWorld } from '../pipeline/poll-world.ts';
import { spendwatch } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';
import { samplesOf } from '../support/exposition.ts';
import { scaled } from '../support/scaled.ts';
import { seedOf } from './seed.ts';

const SEED = seedOf('hostile');
const AT = Date.parse('2026-11-20T14:05:00Z');
const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = readFileSync(join(ROOT, 'alerts.yaml'), 'utf8');
const STACK_TRACE = /^\s+at \S+.*:\d+:\d+\)?$|node:internal|TypeError|RangeError|ReferenceError/m;

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld('postgres');
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

describe('an alerts.yaml with other values in it', () => {
  const VALUES = [
    '0',
    '-1',
    '1e15',
    '[]',
    '{}',
    'null',
    'true',
    '""',
    '[search]',
    'off',
    '1s',
    '"%$1\\\\"',
    '"🚀"',
  ];
  /** What is valid for a key at least sometimes, so that many files are valid and odd. */
  const FITTING: Readonly<Record<string, readonly string[]>> = {
    timezone: ['Pacific/Chatham', 'America/Havana', 'Etc/GMT+12', 'Asia/Kathmandu'],
    schedule: ['"* * * * * *"', '"@yearly"', '"0 0 29 2 *"', '"*/7 3-4 L * *"'],
    metric: [
      'spend',
      'calls',
      'tokens',
      'latency_p99',
      'ttft_p95',
      'cost_per_1k_tokens',
      'wasted_spend',
      'errors',
      'repeated_spend',
      'cost_p99',
      'list_spend',
    ],
    window: ['1s', '59s', '24h', '30d', '3650d', 'today', 'yesterday', 'this_week', 'this_month'],
    group_by: ['[]', '[session]', '[service, model, user, endpoint, session]', '[user]'],
    where: ['{ user: null }', '{ service: { not: [null, "%", ""] } }', `{ model: "'; --" }`, '{}'],
    threshold: ['0', '-1', '0.000000000001', '1e15', '99999999999999999999', '"1e-12"'],
    operator: ['"<"', '"<="', '">"'],
    severity: ['info', 'critical'],
    dedupe: ['episode', 'hour', 'week', 'month'],
    growth: ['off', '1.0000001', '1e9'],
    for: ['24h', '1s', '0s'],
    delay: ['30d', '1s'],
    zscore: ['0.001', '1e9'],
    baseline: ['7d', '366d'],
    min_change: ['0', '1e15'],
    min_calls: ['0', '1000000000000000'],
    method: ['zscore'],
    name: ['"\\u202e <!channel> \\r\\n"', '"%s"'],
    message: ['"\\u2028*_~`"', '"<a href=x>"'],
  };
  const edits = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000), fc.boolean()), { minLength: 1, maxLength: 3 });

  /** Lines of the form `key: value`, with another value. */
  function edited(edit: readonly (readonly [place: number, value: number, fits: boolean])[]): string {
    const lines = EXAMPLE.split('\n');
    for (const [where, which, fits] of edit) {
      const places = lines.flatMap((line, i) => {
        const key = /^\s*(?:- )?([a-z_]+): [^#\s]/.exec(line)?.[1];
        return key === undefined || (fits && FITTING[key] === undefined) ? [] : [{ i, key }];
      });
      const { i, key } = places[where % places.length] as (typeof places)[number];
      const values = fits ? (FITTING[key] ?? []) : VALUES;
      lines[i] = (lines[i] ?? '').replace(/: .*/, () => `: ${values[which % values.length]}`);
    }
    return lines.join('\n');
  }

  it('has faults with places, or runs: no poll of it throws anything but a fault for people', async () => {
    const folder = await folderWith({});
    await cp(join(ROOT, 'prices.yaml'), join(folder, 'prices.yaml'));
    const path = join(folder, 'alerts.yaml');
    await world.calls.log(
      ...Array.from({ length: 40 }, (_, i) => ({ at: AT - i * 7 * MINUTE, cost: 30, service: `s${i % 3}` })),
    );
    let ran = 0;
    const property = fc.asyncProperty(edits, async (edit) => {
      await writeFile(path, edited(edit));
      const loaded = await loadConfig(path, {}).catch((error: unknown) => error);
      if (loaded instanceof ConfigError) return;
      if (loaded instanceof Error) throw loaded;
      ran += 1;
      const {
        rules,
        silences,
        timezone: zone,
        schedule: expression,
      } = loaded as Awaited<ReturnType<typeof loadConfig>>;
      const schedule = cronSchedule(expression, zone);
      const at = schedule.latest(AT) ?? AT;
      for (const instant of [at, at + HOUR]) {
        const report = await poll(world.parts(rules, { silences, zone, schedule }), instant, () => instant);
        if (report.error !== null && report.error.code !== 'dimension_unknown') {
          throw new Error(`${report.error.code}: ${report.error.message}`);
        }
      }
    });
    // A third of the files can be run as a rule, but four of thirty with one seed: then there are more.
    for (let batch = 0; batch < 4 && ran <= scaled(6); batch += 1) {
      await fc.assert(property, { numRuns: scaled(30), seed: SEED + batch });
    }
    expect(ran).toBeGreaterThan(scaled(6));
  });

  it('ends every command with its exit code and no stack trace, also where it is no text at all', async () => {
    const bytes = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), { numRuns: 2, seed: SEED });
    const texts = fc.sample(edits, { numRuns: 3, seed: SEED }).map(edited);
    const cuts = fc
      .sample(fc.nat(EXAMPLE.length), { numRuns: 2, seed: SEED })
      .map((end) => EXAMPLE.slice(0, end));
    const folder = await folderWith({});
    await cp(join(ROOT, 'prices.yaml'), join(folder, 'prices.yaml'));
    for (const [i, content] of [...bytes, ...texts, ...cuts, '\0'.repeat(100), '- &a [*a]'].entries()) {
      await writeFile(join(folder, `${i}.yaml`), content);
      const results = [await spendwatch(['validate', '-c', `${i}.yaml`], { cwd: folder })];
      // What is not valid is judged by no command.
      if (results[0]?.code === 2)
        results.push(await spendwatch(['check', '-c', `${i}.yaml`], { cwd: folder }));
      expect([0, 2]).toContain(results[0]?.code);
      if (results[1] !== undefined) expect(results[1].code).toBe(3);
      for (const { stdout, stderr } of results) expect(stdout + stderr).not.toMatch(STACK_TRACE);
    }
  });

  it.each([
    ['a rule', '- { name: "a\\0b", type: threshold, metric: spend, window: 1h, threshold: 1 }'],
    [
      'a rule, with half of a surrogate pair',
      '- { name: "\\ud800", type: threshold, metric: spend, window: 1h, threshold: 1 }',
    ],
    [
      'a value',
      '- { name: a, type: threshold, metric: spend, window: 1h, threshold: 1, where: { service: "\\0" } }',
    ],
    ['a key', '- { name: a, type: threshold, metric: spend, window: 1h, threshold: 1, "\\0": 1 }'],
  ])('is refused at its place where %s has a character that no database takes', async (_, rule) => {
    const faults = await faultsOf(`version: 1\naudit: { url: "pglite:./data" }\nrules:\n  ${rule}\n`);
    expect(faults.map(({ line, message }) => [line, message])).toContainEqual([
      4,
      expect.stringContaining('cannot be stored'),
    ]);
  });

  it.each(['table: "a\\0b"', 'columns: { cost: "a\\0" }', 'columns: { cost: { sql: "1\\0" } }'])(
    'is refused where a name would end early in a statement: %s',
    async (key) => {
      const faults = await faultsOf(minimal().replace('"pglite:./data"', `"pglite:./data", ${key}`));
      expect(faults.map(({ message }) => message).join()).toContain('cannot be stored');
    },
  );
});

/** A table of a test's own whose columns take whatever PostgreSQL does. */
const TABLE: TableOptions = {
  table: 'anything',
  columns: {
    time: 'at',
    cost: 'cost',
    service: 'service',
    model: 'model',
    user: 'account',
    input_tokens: 'tokens',
    status: 'status',
    error: 'error',
    id: 'id',
  },
  dimensions: { raw: 'raw', number: { sql: 'model::int' } },
};

interface Row {
  readonly at: string;
  readonly service?: string;
  readonly model?: string;
  readonly cost?: string;
}

async function fill(rows: readonly Row[]): Promise<void> {
  await world.calls.sql.query(`CREATE TABLE IF NOT EXISTS anything (id bigserial, at timestamptz, cost float8, service text,
    model text, account text, tokens int, status int, error text, raw bytea); TRUNCATE anything`);
  await world.calls.sql.query(
    `INSERT INTO anything (at, service, model, cost, tokens, status)
     SELECT r.at::timestamptz, r.service, r.model, r.cost::float8, 1, 200
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS r (at, service, model, cost)`,
    [
      rows.map(({ at }) => at),
      rows.map(({ service }) => service ?? 'search'),
      rows.map(({ model }) => model ?? '1'),
      rows.map(({ cost }) => cost ?? '60'),
    ],
  );
}

/** What a poll works with over that table, asked directly and by way of cells. */
function sources() {
  const store = postgres.open(world.calls.sql, TABLE, null);
  const rollup = openLiveSums(store, {
    latenessMs: 15 * MINUTE,
    kept: world.state.aggregateBuckets('anything'),
  });
  const dimensions = new Set(['service', 'model', 'user', 'raw', 'number']);
  return {
    store: { store, source: store, dimensions },
    cells: { store, source: { read: store.read, refresh: rollup.refresh }, dimensions },
  };
}

const justBefore = new Date(AT - MINUTE).toISOString();

describe('rows with hostile values', () => {
  /** One channel of each type; nothing is sent on them. */
  async function everyChannel(): Promise<Map<string, Channel>> {
    const keys: Record<string, object> = {
      oncall: { type: 'slack', token: 'xoxb-x', channel: '#x' },
      finance: { type: 'email', to: ['f@example.com'], from: 's@example.com', host: 'localhost' },
      pager: { type: 'webhook', url: 'http://127.0.0.1:9/', secret: 'nothing-is-sent-with-it' },
      telegram: { type: 'telegram', token: '1:x', chat_id: 1 },
      pagerduty: { type: 'pagerduty', routing_key: 'x' },
      alertmanager: { type: 'alertmanager', url: NOWHERE },
      ...Object.fromEntries(
        ['discord', 'teams', 'feishu', 'dingtalk', 'wecom'].map((type) => [type, { type, url: NOWHERE }]),
      ),
    };
    expect(
      Object.values(keys)
        .map((given) => (given as { type: string }).type)
        .sort(),
    ).toEqual(channelTypes.map(({ type }) => type).sort());
    const opened = await Promise.all(
      Object.entries(keys).map(async ([name, given]) => {
        const type = channelTypes.find((one) => 'type' in given && one.type === given.type);
        if (type === undefined) throw new Error(`no such type: ${name}`);
        return [name, await type.open(name, type.schema.parse(given))] as const;
      }),
    );
    return new Map(opened);
  }

  const NOWHERE = 'http://127.0.0.1:9/';
  /** The longest body of each chat, in bytes: what its provider takes, and the JSON around it. */
  const CHATS = {
    discord: 24_000,
    teams: 20_000,
    telegram: 24_000,
    feishu: 18_000,
    dingtalk: 18_000,
    wecom: 4_500,
  };

  /** Every code point that a text column takes, the odd ones often; and long ones. */
  const name = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(
        ...'\r\n\t\u0001\u0007\u001b\u007f\u0085\u00ad\u0300\u034f\u061c\u200b\u200d\u2028\u202e\u2066\ufeff\ufffe\uffff',
        ...'<>&"\'`*_~|\\/{}[]()$%:;,=#@!?+-. a',
        '\u{1f469}\u200d\u{1f680}',
        '\u{e0001}',
        '\u{10ffff}',
        '<!channel>',
        '@everyone',
        '<at>all</at>',
        'https://x',
        '</script>',
        '\r\nBcc: x@example.com',
        '=?utf-8?q?x?=',
        '${X}',
      ),
      minLength: 1,
      maxLength: 30,
    }),
    fc.string({ unit: 'binary', minLength: 2_000, maxLength: 6_000 }),
    fc.constant(`a${'\u0301'.repeat(5_000)}`),
  );
  const names = fc.uniqueArray(
    name.map((text) => text.replaceAll('\0', '')),
    { minLength: 1, maxLength: 8 },
  );

  it('come through every channel, the state store and the metrics without breaking any of them', async () => {
    const channels = await everyChannel();
    const rule = burn({ notify: [...channels.keys()], message: 'Look at it' });
    await fc.assert(
      fc.asyncProperty(names, async (services) => {
        await world.clear();
        await fill(
          services.map((service, i) => ({ at: justBefore, service, model: service, cost: String(900 - i) })),
        );
        const report = await poll(world.parts([rule], { ...sources().store, channels }), AT, () => AT);
        expect(report.error).toBeNull();
        const body = (channel: string): string =>
          report.queued.find((one) => one.channel === channel)?.body ?? '';

        const { data } = JSON.parse(body('pager')) as {
          data: { alerts: { finding: { group: { service: string } } }[] };
        };
        expect(data.alerts.map(({ finding }) => finding.group.service)).toEqual(services);

        // The chart is drawn: a picture has no mentions.
        const { chart: _, ...post } = JSON.parse(body('oncall')) as SlackPost & { chart?: unknown };
        expect(JSON.stringify(post)).not.toMatch(/<[!@#]|<http/);
        expect(post.blocks.length).toBeLessThanOrEqual(50);
        for (const text of textsOf(post.blocks)) expect(text.length).toBeLessThanOrEqual(3_000);

        for (const [chat, longest] of Object.entries(CHATS)) {
          // In blocks of code nothing is obeyed; the address of the card's schema is Teams's own.
          const shown = body(chat).replaceAll(/```.*?```|<pre>.*?<\/pre>|"\$schema":"[^"]*"/g, '');
          expect(shown, chat).not.toMatch(/<[!@#]|<\/?(?:at|script)\b|https?:\/\/|@everyone|@all/);
          expect(Buffer.byteLength(body(chat)), chat).toBeLessThanOrEqual(longest);
        }
        const posted = JSON.parse(body('alertmanager')) as { labels: { service: string } }[];
        expect(posted.map(({ labels }) => labels.service)).toEqual(services.map((one) => one || '(empty)'));
        const { payload } = JSON.parse(body('pagerduty')) as {
          payload: { custom_details: { alerts: { group: { service: string } }[] } };
        };
        expect(payload.custom_details.alerts.map(({ group }) => group.service)).toEqual(services);

        const options = emailSchema.parse({
          type: 'email',
          to: ['f@example.com'],
          from: 's@example.com',
          host: 'h',
        });
        const mail = await PostalMime.parse(await compose(JSON.parse(body('finance')), options));
        expect(mail.headers.map(({ key }) => key).sort()).toEqual([
          ...[
            'auto-submitted',
            'content-type',
            'date',
            'from',
            'message-id',
            'mime-version',
            'subject',
            'to',
          ],
          'x-auto-response-suppress',
        ]);
        expect(mail.subject).toMatch(/^\[CRITICAL\] burn: /);
        // What is written from right to left is kept apart by a pair of marks of our own.
        const subject = mail.subject?.replace(/\u2068([^\u2068\u2069]*)\u2069/g, '$1');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(subject).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        const html = mail.html?.replace(/<img src="cid:[^"]*" width="604" alt="[^"]*" style="[^"]*">/, '');
        expect(html?.match(/<\/?(script|a|img|!channel)\b/gi) ?? []).toEqual([]);

        const metrics = openMetrics('0');
        metrics.useRules([rule]);
        metrics.polled(report, 0.1);
        const shown = samplesOf((await metrics.exposition()).text).filter(
          ({ name }) => name === 'spendwatch_rule_value',
        );
        expect(shown.map(({ value }) => value).sort()).toEqual(services.map((_, i) => 900 - i).sort());

        const notified = await world.calls.sql.query<{ group_json: string }>(
          'SELECT group_json FROM spendwatch.notification',
        );
        expect(notified.map(({ group_json }) => JSON.parse(group_json)).sort()).toEqual(
          services.map((one) => [one]).sort(),
        );
        expect(
          (await poll(world.parts([rule], { ...sources().store, channels }), AT + MINUTE, () => AT)).queued,
        ).toEqual([]);
      }),
      { numRuns: scaled(10), seed: SEED, endOnFailure: true },
    );
  });

  it('are distinguished and counted also where the column is not text', async () => {
    await fill([{ at: justBefore }, { at: justBefore }]);
    await world.calls.sql.query(
      `UPDATE anything SET raw = decode(CASE WHEN id % 2 = 0 THEN '00ff' ELSE 'c328' END, 'hex')`,
    );
    const report = await poll(world.parts([burn({ group_by: ['raw'] })], sources().cells), AT, () => AT);
    const groups = alertsQueuedBy(report).flatMap(({ alerts }) =>
      alerts.map(({ finding }) => finding.group.raw),
    );
    expect(groups.sort()).toEqual(['\\x00ff', '\\xc328']);
  });

  it.each(['SQL_ASCII', 'LATIN1'])(
    'of a database in %s are read, or fail their rule alone',
    async (encoding) => {
      const database = await createDatabase(
        `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
      );
      const [sql, other] = await Promise.all([openSql(database.url), openSql(database.url)]);
      try {
        // Another program's connection need not say what its bytes are.
        await other.query(`SET client_encoding = 'SQL_ASCII'; CREATE TABLE calls (at timestamptz, cost numeric, service text);
        INSERT INTO calls VALUES ('${justBefore}', 60, E'caf\\xe9'), ('${justBefore}', 70, E'caf\\xe8')`);
        const store = postgres.open(
          sql,
          {
            table: 'calls',
            columns: { time: 'at', cost: 'cost', service: 'service' },
            // What docs/configuration.md says to do.
            dimensions: { bytes: { sql: "encode(convert_to(service, 'SQL_ASCII'), 'escape')" } },
          },
          null,
        );
        const rollup = openLiveSums(store, { latenessMs: MINUTE, kept: null });
        const rules = [
          burn(),
          burn({ name: 'total', group_by: [] }),
          burn({ name: 'bytes', group_by: ['bytes'] }),
        ];
        const parts = world.parts(rules, {
          store,
          source: { read: store.read, refresh: rollup.refresh },
          state: await openState(world.calls.sql),
          dimensions: new Set(['service', 'bytes']),
        });
        const report = await poll(parts, AT, () => AT);
        const [byService, total, bytes] = report.rules;
        expect(total?.latest?.firing[0]?.value.number).toBe(130);
        if (encoding === 'LATIN1')
          expect(byService?.latest?.firing.map(({ key }) => key[0]).sort()).toEqual(['cafè', 'café']);
        // Nothing is known of its groups: it says so, and neither 0 nor ok.
        else
          expect([byService?.latest, byService?.error?.message]).toEqual([
            null,
            expect.stringContaining('invalid byte'),
          ]);
        expect(bytes?.latest?.firing.map(({ key }) => key[0]).sort()).toEqual(['caf\\350', 'caf\\351']);
      } finally {
        await Promise.all([sql.close(), other.close()]);
        await database.drop();
      }
    },
  );

  it('that cannot be converted fail only the rule that uses them, also with kept sums', async () => {
    await fill([
      { at: justBefore, model: '1' },
      { at: justBefore, model: `1'; DROP TABLE anything; --` },
    ]);
    const rules = [burn({ name: 'by-number', group_by: ['number'] }), burn()];
    for (const parts of Object.values(sources())) {
      await world.clear();
      const report = await poll(world.parts(rules, parts), AT, () => AT);
      expect(report.rules.map(({ error }) => error?.code ?? null)).toEqual(['store_query_failed', null]);
      expect(alertsQueuedBy(report).map(({ rule }) => rule)).toEqual(['burn']);
    }
  });
});

describe('rows with hostile numbers', () => {
  const COSTS = [
    '60',
    '-5',
    '0.1',
    'NaN',
    'Infinity',
    '-Infinity',
    '1e300',
    '-1e300',
    '1e-300',
    '1000000001',
  ];

  it('of a double column: credits are summed, what is no amount is counted as unpriced and said', async () => {
    await fill(COSTS.map((cost) => ({ at: justBefore, cost })));
    const rules = [burn(), burn({ name: 'unpriced', metric: 'unpriced_calls', thresholds: { warning: 6 } })];
    for (const parts of Object.values(sources())) {
      await world.clear();
      const report = await poll(world.parts(rules, parts), AT, () => AT);
      expect(report.error).toBeNull();
      expect(report.rules.map(({ latest }) => latest?.firing[0]?.value.fixed)).toEqual([
        55_100_000_000_000n,
        6_000_000_000_000n,
      ]);
      const spend = report.queued.find(({ rule }) => rule === 'burn');
      expect(JSON.stringify(spend?.message)).toContain('at least $55.10');
    }
  });

  it('never become a number that the metrics or JSON cannot write', async () => {
    await fill(COSTS.map((cost, i) => ({ at: justBefore, cost, service: `s${i}` })));
    const rules = [
      burn({ thresholds: { warning: '-1000000000' } }),
      burn({ name: 'each', metric: 'cost_per_call', operator: '<', thresholds: { warning: 1e9 } }),
      burn({ name: 'tokens', metric: 'cost_per_1k_tokens', thresholds: { warning: '-1000000000' } }),
    ];
    const report = await poll(world.parts(rules, sources().cells), AT, () => AT);
    expect(report.error).toBeNull();
    for (const { body } of report.queued) expect(body).not.toMatch(/NaN|Infinity|:null,"bound"|e\+/);
    const metrics = openMetrics('0');
    metrics.useRules(rules);
    metrics.polled(report, 0.1);
    const values = samplesOf((await metrics.exposition()).text).filter(
      ({ name }) => name === 'spendwatch_rule_value',
    );
    expect(values.length).toBeGreaterThan(COSTS.length);
    for (const { value } of values) expect(Number.isFinite(value)).toBe(true);
  });
});

describe('rows with hostile times and sizes', () => {
  const TIMES = [
    'infinity',
    '-infinity',
    '9999-12-31',
    '20000-01-01',
    '294276-12-31',
    '0001-01-01',
    '4713-01-01 BC',
    '1969-12-31',
  ];

  it('in the year 9999, at infinity or before Christ count in no window and stop no poll', async () => {
    await fill([{ at: justBefore }]);
    const rules = [burn(), burn({ name: 'days', window: '30d' })];
    const { store, cells } = sources();
    const seen = async (parts: typeof store | typeof cells, at: number) => {
      const report = await poll(world.parts(rules, parts), at, () => at);
      expect(report.error).toBeNull();
      return [
        report.newestRow,
        ...report.rules.map(({ latest }) => latest?.observed.worst(1)[0]?.value.number),
      ];
    };
    expect(await seen(cells, AT)).toEqual([AT - MINUTE, 60, 60]);
    // They arrive after the cells were made, so that their hours are looked for.
    await world.calls.sql.query(
      `INSERT INTO anything (at, service, model, cost) SELECT t::timestamptz, 'search', '1', 60 FROM unnest($1::text[]) AS t`,
      [TIMES],
    );
    for (const at of [AT + MINUTE, AT + 2 * MINUTE]) {
      expect(await seen(cells, at)).toEqual([AT - MINUTE, 60, 60]);
      expect(await seen(store, at)).toEqual([AT - MINUTE, 60, 60]);
    }
  });

  it('with error texts of ten megabytes are judged, and none of it goes into a message', async () => {
    await fill(Array.from({ length: 4 }, () => ({ at: justBefore })));
    await world.calls.sql.query(
      `UPDATE anything SET status = NULL, error = CASE WHEN id % 2 = 0 THEN repeat('x', 10000000) || ' deadline exceeded'
       ELSE repeat(E'\\n<!channel>\\u202e', 1000000) END`,
    );
    const rules = [
      burn({ name: 'failed', metric: 'errors', thresholds: { warning: 4 } }),
      burn({ name: 'slow', metric: 'errors', errors: ['timeout'], thresholds: { warning: 2 } }),
    ];
    for (const parts of Object.values(sources())) {
      await world.clear();
      const report = await poll(world.parts(rules, parts), AT, () => AT);
      expect(report.rules.map(({ latest }) => latest?.firing[0]?.value.number)).toEqual([4, 2]);
      for (const { message, body } of report.queued) {
        expect(JSON.stringify(message).length + body.length).toBeLessThan(20_000);
      }
    }
  });

  it('with a name of a megabyte is notified, its name cut for people', async () => {
    await fill([{ at: justBefore, service: 'é\u202e'.repeat(300_000) }]);
    const report = await poll(world.parts([burn()], sources().cells), AT, () => AT);
    expect(report.error).toBeNull();
    expect(report.queued[0]?.message.title.length).toBeLessThan(1_000);
  });
});

describe('the names and values of a file', () => {
  const odd = fc.string({
    unit: fc.constantFrom(
      ...`"'\\$1;-/*() aé%_?:@{}[]|^~!<>=,#\u0001\n\t`,
      '$1',
      '""',
      "''",
      '--',
      '/*',
      '$$',
      'ı',
      '🚀',
      '\u202e',
    ),
    minLength: 1,
    maxLength: 12,
  });
  /** What `quote_ident` can name: at most 63 bytes. */
  const identifier = odd.filter((text) => Buffer.byteLength(text) <= 63);
  const columns = fc.uniqueArray(identifier, { minLength: 4, maxLength: 4 });

  it('reach the database as names and values, never as SQL', async () => {
    const folder = await folderWith({});
    const path = join(folder, 'alerts.yaml');
    const { sql } = world.calls;
    await sql.query('CREATE TABLE canary (alive boolean); INSERT INTO canary VALUES (true)');
    /** A text in YAML; `$$` is a dollar there. */
    const yaml = (text: string): string => JSON.stringify(text.replaceAll('$', '$$$$'));
    await fc.assert(
      fc.asyncProperty(
        identifier,
        columns,
        odd,
        odd,
        async (table, [time, cost, service, team], value, rule) => {
          const [statement] = await sql.query<{ make: string; drop: string }>(
            `SELECT format('CREATE TABLE %I (%I timestamptz, %I numeric, %I text, %I text)', $1::text, $2::text, $3::text, $4::text, $5::text) AS make,
             format('DROP TABLE %I', $1::text) AS drop`,
            [table, time, cost, service, team],
          );
          await sql.query(statement?.make ?? '');
          try {
            const [insert] = await sql.query<{ text: string }>(
              `SELECT format('INSERT INTO %I VALUES ($1, $2, $3, $4)', $1::text) AS text`,
              [table],
            );
            await sql.query(insert?.text ?? '', [new Date(AT - MINUTE), '60', value, value]);
            await sql.query(insert?.text ?? '', [new Date(AT - MINUTE), '7', `${value} `, value]);
            const where = `{ service: [${yaml(value)}], team: { not: [${yaml(`x${value}`)}] } }`;
            await writeFile(
              path,
              `version: 1
audit:
  url: pglite:./unused
  table: ${yaml(table)}
  columns: { time: ${yaml(time as string)}, cost: ${yaml(cost as string)}, service: ${yaml(service as string)} }
  dimensions: { team: ${yaml(team as string)} }
channels: { oncall: { type: webhook, url: "http://127.0.0.1:9/", secret: nothing-is-sent-with-it } }
rules:
  - { name: ${yaml(rule)}, type: threshold, metric: spend, window: 1h, threshold: 1, group_by: [service, team], where: ${where} }
  - { name: ${yaml(`${rule}2`)}, type: threshold, metric: spend, window: 1h, threshold: 1, where: { service: { not: ${yaml(value)} } } }
`,
            );
            const config = await loadConfig(path, {});
            const store = config.audit.store.open(sql, config.audit.storeOptions, null);
            const rollup = openLiveSums(store, { latenessMs: MINUTE, kept: null });
            for (const source of [store, { read: store.read, refresh: rollup.refresh }]) {
              await world.clear();
              const parts = world.parts(config.rules, {
                store,
                source,
                dimensions: new Set(['service', 'team']),
              });
              const told = alertsQueuedBy(await poll(parts, AT, () => AT));
              const valuesOf = new Map(
                told.map((one) => [
                  one.rule,
                  one.alerts.map(({ finding }) => [finding.group, finding.value]),
                ]),
              );
              expect(valuesOf).toEqual(
                new Map([
                  [rule, [[{ service: value, team: value }, 60]]],
                  [`${rule}2`, [[{}, 7]]],
                ]),
              );
            }
          } finally {
            await sql.query(statement?.drop ?? '');
          }
          expect(await sql.query('SELECT alive FROM canary')).toEqual([{ alive: true }]);
        },
      ),
      { numRuns: scaled(10), seed: SEED, endOnFailure: true },
    );
  });

  it('are documented as trusted where they are expressions', async () => {
    const text = await readFile(join(ROOT, 'docs/configuration.md'), 'utf8');
    expect(text).toMatch(/Expressions are trusted\.\*\* `\{ sql: "…" \}` goes into the query as it is/);
  });
});

/** Every text of Slack's blocks. */
function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'text' && typeof inner === 'string' ? [inner] : textsOf(inner),
  );
}
