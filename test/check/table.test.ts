import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CheckParts, evaluateOnce, unreadable } from '../../src/check/check.ts';
import { checkTable } from '../../src/check/table.ts';
import { displayWidth } from '../../src/model/display-text.ts';
import { AppError } from '../../src/model/errors.ts';
import type { Rule } from '../../src/model/rule.ts';
import type { SegmentCell } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { HOSTILE_NAMES } from '../channels/sample-messages.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { silenced } from '../support/silenced.ts';
import { AT, checkOf, DAY, HOUR, hourlyBurn, logIncident, MINUTE } from './check-parts.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore();
});
afterAll(() => calls.stop());
beforeEach(() => calls.clear());

async function table(rules: readonly Rule[], more: Partial<CheckParts> & { colour?: boolean } = {}) {
  const { colour = false, ...parts } = more;
  return checkTable(await evaluateOnce(checkOf(calls, rules, parts), AT), colour);
}

describe('the table of a check', () => {
  it('shows each rule in a line, then what fires and what drives it', async () => {
    await logIncident(calls);
    const budget = ruleOf('threshold', { name: 'daily-budget', window: 'today', threshold: 10_000 });
    expect(await table([hourlyBurn(), budget])).toBe(
      `CRITICAL as of 2026-11-20 02:05 UTC (newest row 2 s before that, 5 rows considered)

rule          status    worst       value  limit                window
hourly-burn   critical  search    $312.46  >= $50.00 / $100.00  1h
daily-budget  ok                $7,352.46  >= $10,000.00        today

CRITICAL hourly-burn: search  $312.46 >= $100.00
  window 2026-11-20 01:05 UTC to 2026-11-20 02:05 UTC (1h)
  by model: gpt-4.1 $300.10 (1 call), gpt-4.1-mini $12.30 (1 call), claude-sonnet-4 $0.06 (1 call)
  by user: reindex-job $312.40 (2 calls), (none) $0.06 (1 call)
  by endpoint: /v1/chat $312.46 (3 calls)`,
    );
  });

  it('shows an anomaly in the unit of its metric', async () => {
    for (let day = 0; day <= 10; day += 1) {
      await calls.log({ at: AT - day * DAY - 30 * MINUTE, cost: day === 0 ? 60 : 10 });
    }
    const odd = ruleOf('anomaly', { name: 'odd', baseline: '14d' });
    const text = await table([odd]);
    expect(text).toContain('WARNING odd  $60.00 >= $11.50');
    expect(text).toContain('  usually $10.00 ± $0.00 (floor $0.50) over 10 days, z 100.0');
    expect(text).toContain('z 3 over 14d');
  });

  it('says how many calls have no price, and of how many models', async () => {
    await calls.log({ at: AT - 1, cost: 200 }, { at: AT - 1, cost: null, model: 'new-model' });
    expect(await table([hourlyBurn()])).toContain('  at least this much: 1 call to 1 model has no price');
    await calls.log({ at: AT - 1, cost: null, model: 'newer-model' });
    expect(await table([hourlyBurn()])).toContain('  at least this much: 2 calls to 2 models have no price');
  });

  it('marks each value that lacks calls without a price, and names their models', async () => {
    await calls.log(
      ...Array.from({ length: 30 }, () => ({ at: AT - 2 * MINUTE, cost: null, model: 'gpt-9' })),
      { at: AT - 2 * MINUTE, cost: null, model: 'gpt-8', status: 500 },
      { at: AT - 2 * MINUTE, service: 'chat', cost: 2 },
    );
    const rules = [
      hourlyBurn(),
      ruleOf('threshold', { name: 'by-model', group_by: ['model'], threshold: 100 }),
      ruleOf('threshold', { name: 'search', where: { service: 'search' }, threshold: 100 }),
      ruleOf('threshold', { name: 'chat', where: { service: 'chat' }, threshold: 100 }),
      ruleOf('threshold', { name: 'wasted', metric: 'wasted_spend', threshold: 100 }),
      ruleOf('threshold', { name: 'wasted-429', metric: 'wasted_spend', errors: [429], threshold: 100 }),
      ruleOf('threshold', { name: 'per-call', metric: 'cost_per_call', threshold: 100 }),
      ruleOf('threshold', { name: 'per-1k', metric: 'cost_per_1k_tokens', threshold: 100 }),
      ruleOf('threshold', { name: 'calls', metric: 'calls', threshold: 100 }),
    ];
    const text = await table(rules);
    const values = Object.fromEntries(
      rules.map(({ name }) => [
        name,
        new RegExp(`^${name} +ok +(.*?) +>= `, 'm').exec(text)?.[1]?.replace(/ {2,}/g, ' | '),
      ]),
    );
    expect(values).toEqual({
      'hourly-burn': 'chat | $2.00, others unknown',
      'by-model': 'gpt-4.1 | $2.00, others unknown',
      search: 'at least $0.00',
      chat: '$2.00',
      wasted: 'at least $0.00',
      'wasted-429': '$0.00',
      'per-call': 'at least $0.06',
      'per-1k': 'at least $0.06',
      calls: '32',
    });
    expect(text).toContain(
      '31 calls to 2 models have no price: gpt-9 (30 calls), gpt-8 (1 call); give each a price in prices.yaml (audit.prices), 0 where it is free (2026-11-20 01:05 to 02:05 UTC)',
    );
    expect(await table([rules.at(-1) as Rule])).not.toContain('no price');
  });

  it('shows the values where it is unknown what they lack', async () => {
    await calls.log({ at: AT - 1, cost: 200 }, { at: AT - 1, cost: null, model: 'gpt-9' });
    const failed = new Map([['unpriced' as const, new AppError('store_query_failed', 'no such price')]]);
    const store: AuditStore = {
      ...calls.store,
      async read(reads, before) {
        const { newestRow, answers } = await calls.store.read(reads, before);
        return { newestRow, answers: answers.map((cells) => ({ cells: cells as SegmentCell[], failed })) };
      },
    };
    const text = checkTable(await evaluateOnce(checkOf(calls, [hourlyBurn()], { store }), AT), false);
    expect(text).toContain('hourly-burn  critical  search  $200.00');
    expect(text).toContain('it is unknown which values lack calls without a price: no such price');
  });

  it('says that a low value may lack calls without a price', async () => {
    await calls.log({ at: AT - 1, cost: 2 }, { at: AT - 1, cost: null, model: 'gpt-9' });
    const text = await table([ruleOf('threshold', { name: 'quiet', operator: '<', threshold: 5 })]);
    expect(text).toContain('WARNING quiet  at least $2.00 < $5.00\n');
    expect(text).toContain('gpt-9 at least $0.00 (1 call)');
    expect(text).toContain('\n  low only if 1 call without a price costs next to nothing');
  });

  it('names no model where the store records none', async () => {
    await calls.log(
      { at: AT - 1, cost: 200 },
      { at: AT - 1, cost: null },
      { at: AT - 1, cost: null, model: 'm' },
    );
    const text = await table([hourlyBurn()], { dimensions: new Set(['service']) });
    expect(text).toContain('\n2 calls have no price; give each');
    expect(text).toContain('\n  at least this much: 2 calls have no price');
  });

  it('shows what a silence of its incident matches', async () => {
    await calls.log({ at: AT - 1, cost: 200 }, { at: AT - 1, service: 'chat', cost: 60 });
    const text = await table([hourlyBurn()], {
      silences: [silenced(AT, AT + HOUR, { incident: 'inc_1' })],
      incidentOf: (_, { key: [service] }) => (service === 'chat' ? 'inc_1' : null),
    });
    expect(text).toMatch(/CRITICAL hourly-burn: search[\s\S]*WARNING hourly-burn: chat[\s\S]*silenced until/);
    expect(text.match(/silenced until/g)).toHaveLength(1);
  });

  it('shows a silenced finding with its reason, and its rule as silenced when all are', async () => {
    await calls.log({ at: AT - 1, cost: 200 });
    const silence = silenced(AT, AT + HOUR, { match: { service: 'search' }, reason: 'load\ntest' });
    const text = await table([hourlyBurn()], { silences: [silence] });
    expect(text).toContain('critical (silenced)');
    expect(text).toContain('  silenced until 2026-11-20 03:05 UTC: load␊test');
    await calls.log({ at: AT - 1, service: 'chat', cost: 60 });
    expect(await table([hourlyBurn()], { silences: [silence] })).not.toContain('critical (silenced)');
  });

  it('shows ten findings of a rule and counts the others', async () => {
    await calls.log(
      ...Array.from({ length: 11 }, (_, i) => ({ at: AT - 1, service: `s${i}`, cost: 100 + i })),
    );
    expect(await table([hourlyBurn()])).toMatch(/\n {2}and 1 more group of hourly-burn$/);
    await calls.log({ at: AT - 1, service: 's11', cost: 111 });
    const text = await table([hourlyBurn()]);
    expect(text).toMatch(/\n {2}and 2 more groups of hourly-burn$/);
    expect(text.match(/^CRITICAL hourly-burn: /gm)).toHaveLength(10);
  });

  it('writes times in the zone of the file', async () => {
    await logIncident(calls);
    const text = await table([hourlyBurn()], { zone: 'Asia/Kathmandu' });
    expect(text).toContain('as of 2026-11-20 07:50 UTC+05:45');
    expect(text).toContain('window 2026-11-20 06:50 UTC+05:45 to 2026-11-20 07:50 UTC+05:45 (1h)');
  });

  it('has colours only on request, and the same text', async () => {
    await logIncident(calls);
    const rules = [hourlyBurn(), hourlyBurn({ name: 'quiet', thresholds: { info: 1e6 } })];
    const [plain, coloured] = [await table(rules), await table(rules, { colour: true })];
    expect(plain).not.toContain('\u001b');
    expect(coloured).toContain('\u001b[31m');
    const padded = (text: string) => stripVTControlCharacters(text).replace(/[ ]+$/gm, '');
    expect(padded(coloured)).toBe(plain);
  });

  it('keeps its columns and lines whatever things are called', async () => {
    const names = HOSTILE_NAMES.map((name) => name.replaceAll('\u0000', ''));
    await calls.log(...names.map((service) => ({ at: AT - 1, service, user: service, cost: 200 })));
    const rules = names.map((service, i) =>
      hourlyBurn({ name: i === 0 ? 'a\r\nb' : `rule-${i}`, where: { service: [service] } }),
    );
    const text = await table(rules);
    expect(text.replaceAll('\n', '')).not.toMatch(UNSEEN);
    const [, overview = ''] = text.split('\n\n');
    const lines = overview.split('\n');
    expect(lines).toHaveLength(1 + names.length);
    const widths = lines.slice(1).map((line) => displayWidth(line.slice(0, line.lastIndexOf('>='))));
    expect(new Set(widths).size).toBe(1);
  });

  it('gives the reason where a rule or the whole store cannot be read', async () => {
    await logIncident(calls);
    const broken = await table([hourlyBurn({ name: 'broken', group_by: ['team'] }), hourlyBurn()]);
    expect(broken).toMatch(/^broken +not known/m);
    expect(broken).toMatch(/\n\nbroken: .*"team"/);
    const away = checkTable(
      unreadable({ rules: [hourlyBurn()], zone: 'UTC' }, AT, 'connection refused'),
      false,
    );
    expect(away).toMatch(
      /^UNKNOWN as of 2026-11-20 02:05 UTC \(the store could not be read\)\n\nconnection refused\n/,
    );
    // Once is enough: every rule has the same reason.
    expect(away.match(/connection refused/g)).toHaveLength(1);
  });

  it('says that an empty store is empty, and which rule has no data', async () => {
    const rate = ruleOf('threshold', { name: 'rate', metric: 'error_rate', threshold: 0.5 });
    const text = await table([rate]);
    expect(text).toMatch(/^OK as of .* \(the store has no rows\)/);
    expect(text).toMatch(/^rate +no data +>= 50% +1h$/m);
  });
});
