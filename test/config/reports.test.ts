import { describe, expect, it } from 'vitest';
import { fixedFromNumber } from '../../src/model/money.ts';
import { faultsOf, load } from './support.ts';

const FILE = `version: 1
audit: { url: "pglite:./data", prices: prices.yaml }
channels:
  ops: { type: slack, webhook_url: "https://hooks.slack.example.com/x" }
  finance: { type: slack, webhook_url: "https://hooks.slack.example.com/y" }
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 5, notify: [ops] }
reports:
  - name: weekly
    schedule: "0 8 * * mon"
    period: week
`;
const PRICES = { 'prices.yaml': 'models: { a: { input: 1, output: 2 } }\n' };

const loaded = (text: string) => load(text, { files: PRICES });

async function told(text: string): Promise<string[]> {
  const faults = await faultsOf(text, {}, PRICES);
  return faults.map(
    ({ path, rule, message, hint }) =>
      `${path.join('.')}${rule === undefined ? '' : ` (${rule})`}: ${message}${hint === null ? '' : ` / ${hint}`}`,
  );
}

describe('a report', () => {
  it('needs a name, a schedule and a period, and has defaults for the rest', async () => {
    const { reports } = await loaded(FILE);
    expect(reports).toEqual([
      {
        name: 'weekly',
        schedule: '0 8 * * mon',
        period: 'week',
        notify: ['ops', 'finance'],
        where: {},
        groupBy: ['service', 'model', 'user'],
        routing: [],
        invoices: new Map(),
      },
    ]);
    expect((await loaded(FILE.replace(/reports:.*/s, ''))).reports).toEqual([]);
  });

  it('groups by those of service, model and user that the table has', async () => {
    const columns = 'table: t, columns: { time: at, cost: c, model: m, endpoint: e }';
    const { reports } = await loaded(FILE.replace('prices: prices.yaml', columns));
    expect(reports[0]?.groupBy).toEqual(['model']);
  });

  it('takes the channels of defaults, else its own', async () => {
    const withDefaults = FILE.replace('rules:', 'defaults: { notify: [finance] }\nrules:');
    expect((await loaded(withDefaults)).reports[0]?.notify).toEqual(['finance']);
    expect((await loaded(`${withDefaults}    notify: [ops]\n`)).reports[0]?.notify).toEqual(['ops']);
  });

  it('has invoices by month as exact decimals, and routes', async () => {
    const { reports } = await loaded(`${FILE}    invoices: { 2026-10: 12345.67, "2026-09": "0.000001" }
    routing: [{ from: a, to: b, below_tokens: 2000 }, { from: 007, to: a }]
    where: { user: { not: [null] } }
`);
    expect(reports[0]?.invoices).toEqual(
      new Map([
        ['2026-10', fixedFromNumber(12345.67)],
        ['2026-09', 1_000_000n],
      ]),
    );
    expect(reports[0]?.routing).toEqual([
      { from: 'a', to: 'b', belowTokens: 2000 },
      { from: '007', to: 'a', belowTokens: null },
    ]);
    expect(reports[0]?.where).toEqual({ user: { notIn: [null] } });
  });
});

describe('a mistake in a report is one fault with its name', () => {
  it.each([
    [
      'an unknown channel',
      '    notify: [opps]',
      'notify.0',
      'no channel is named "opps" / did you mean "ops"?',
    ],
    [
      'an unknown dimension',
      '    group_by: [servce]',
      'group_by.0',
      'no dimension is named "servce" / did you mean "service"?',
    ],
    [
      'a dimension twice',
      '    group_by: [model, model]',
      'group_by.1',
      'the dimension is named twice / name each dimension once',
    ],
    [
      'a day for a month',
      '    invoices: { 2026-10-01: 5 }',
      'invoices.2026-10-01',
      'a month is written like 2026-10',
    ],
    [
      'a month that is none',
      '    invoices: { 2026-13: 5 }',
      'invoices.2026-13',
      'a month is written like 2026-10',
    ],
    [
      'an amount with a comma',
      '    invoices: { 2026-10: "1,234.00" }',
      'invoices.2026-10',
      '"1,234.00" is not a number / write a plain decimal such as 100 or 0.05, without unit or commas',
    ],
    [
      'a credit in place of an invoice',
      '    invoices: { 2026-10: -5 }',
      'invoices.2026-10',
      '-5 must not be negative / write what was billed for the whole month',
    ],
    [
      'a model that is routed to itself',
      '    routing: [{ from: a, to: a }]',
      'routing.0.to',
      'a model is routed to itself / name another model',
    ],
    [
      'a limit of no tokens',
      '    routing: [{ from: a, to: b, below_tokens: 0 }]',
      'routing.0.below_tokens',
      '0 must be above 0 / below_tokens: Only calls with fewer tokens of input and output together (default: all calls)',
    ],
    [
      'a key that is misspelled',
      '    grup_by: [model]',
      'grup_by',
      'unknown key "grup_by" / did you mean "group_by"?',
    ],
  ])('%s', async (_, line, path, fault) => {
    expect(await told(`${FILE}${line}\n`)).toEqual([`reports.0.${path} (weekly): ${fault}`]);
  });

  it('a period that is none', async () => {
    expect(await told(FILE.replace('period: week', 'period: weekly'))).toEqual([
      'reports.0.period (weekly): "weekly" is not one of day, week or month / did you mean "week"?',
    ]);
  });

  it('a name of two lines', async () => {
    expect((await told(FILE.replace('name: weekly', 'name: "a\\nb"')))[0]).toContain(
      'a name has 1 to 200 characters in one line',
    );
  });

  it('a name twice', async () => {
    expect(await told(`${FILE}  - { name: weekly, schedule: "0 8 * * *", period: day }\n`)).toEqual([
      'reports.1.name (weekly): the report name "weekly" is used twice (first in line 9) / spendwatch report NAME takes it: give each report its own',
    ]);
  });

  it('routes without a price list, or without the columns that prices need', async () => {
    const routed = `${FILE}    routing: [{ from: a, to: b }]\n`;
    expect(await told(routed.replace(', prices: prices.yaml', ''))).toEqual([
      'reports.0.routing (weekly): routing needs a price list / name one: audit: { prices: prices.yaml }',
    ]);
    const columns = 'table: t, columns: { time: at, cost: c, user: u }, prices';
    expect(await told(routed.replace('prices', columns))).toEqual([
      'reports.0.routing (weekly): routing needs the column model, which the audit mapping lacks / map it under audit.columns',
      'reports.0.routing (weekly): routing needs the column input_tokens or output_tokens, which the audit mapping lacks / map it under audit.columns',
    ]);
  });

  it('a table without costs', async () => {
    const columns = 'table: t, columns: { time: at, model: m }';
    const faults = await told(
      FILE.replace('prices: prices.yaml', columns).replace('metric: spend', 'metric: calls'),
    );
    expect(faults).toEqual([
      'reports.0.name (weekly): a report needs the column cost, which the audit mapping lacks / map it under audit.columns, or give audit.prices',
    ]);
  });
});
