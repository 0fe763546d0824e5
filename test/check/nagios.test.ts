import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { evaluateOnce, unreadable } from '../../src/check/check.ts';
import { checkNagios } from '../../src/check/nagios.ts';
import type { Rule, Silence } from '../../src/model/rule.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { silenced } from '../support/silenced.ts';
import { AT, checkOf, DAY, HOUR, hourlyBurn, logIncident, MINUTE } from './check-parts.ts';

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore();
});
afterAll(() => calls.stop());
beforeEach(() => calls.clear());

async function line(rules: readonly Rule[], silences: readonly Silence[] = []): Promise<string> {
  return checkNagios(await evaluateOnce(checkOf(calls, rules, { silences }), AT));
}

const spend = (service: string, cost: number | string) => ({ at: AT - MINUTE, service, cost });

describe('the line for monitoring plugins', () => {
  it('prints the finding, then a value with its bounds', async () => {
    await logIncident(calls);
    expect(await line([hourlyBurn()])).toBe(
      "SPEND CRITICAL - hourly-burn: search $312.46 >= $100.00 in 1h | 'hourly-burn'=312.46;50;100",
    );
  });

  it('says what a value lacks, whether anything fires or not', async () => {
    await calls.log({ at: AT - MINUTE, cost: null, model: 'gpt-9' });
    expect(await line([hourlyBurn()])).toBe(
      "SPEND OK - 1 rule, nothing fires (1 call to 1 model has no price: gpt-9 (1 call)) | 'hourly-burn'=0;50;100",
    );
    await calls.log(spend('search', 312));
    expect(await line([hourlyBurn()])).toContain('hourly-burn: search at least $312.00 >= $100.00 in 1h');
  });

  it('prints the most severe and largest finding of all rules and counts the others', async () => {
    await calls.log(spend('a', 60), spend('b', 300), spend('c', 120));
    const info = hourlyBurn({ name: 'first', thresholds: { info: 100 } });
    expect(await line([info, hourlyBurn()])).toBe(
      "SPEND CRITICAL - hourly-burn: b $300.00 >= $100.00 in 1h (+4 more) | 'first'=300;; 'hourly-burn'=300;50;100",
    );
  });

  it('leaves a bound empty that the rule does not have', async () => {
    await calls.log(spend('a', '312.5'));
    const rules = [
      hourlyBurn({ name: 'x', thresholds: { critical: 100 } }),
      hourlyBurn({ name: 'y', thresholds: { warning: '0.5' } }),
    ];
    expect(await line(rules)).toMatch(/ \| 'x'=312\.5;;100 'y'=312\.5;0\.5;$/);
  });

  it('prints the z of an anomaly, with zscore as the bound of its severity', async () => {
    for (let day = 0; day <= 10; day += 1) {
      await calls.log({ at: AT - day * DAY - 30 * MINUTE, cost: day === 0 ? 60 : 10 });
    }
    const odd = ruleOf('anomaly', { name: 'odd', group_by: ['service'], baseline: '14d', zscore: 4 });
    expect(await line([odd])).toBe(
      "SPEND WARNING - odd: search $60.00 >= $12.00 in 1h, z 100.0 | 'odd'=100;4;",
    );
  });

  it('says which side of a bound is bad, and which calendar window is meant', async () => {
    await calls.log(spend('a', 2));
    const low = hourlyBurn({
      name: 'low',
      window: 'today',
      thresholds: { warning: 5, critical: 3 },
      operator: '<',
    });
    expect(await line([low])).toBe("SPEND CRITICAL - low: a $2.00 < $3.00 today | 'low'=2;5:;3:");
  });

  it('is OK where nothing fires, and has no value where a rule has no data', async () => {
    const rate = ruleOf('threshold', { name: 'rate', metric: 'error_rate', threshold: 0.5 });
    expect(await line([hourlyBurn({ group_by: [] }), rate])).toBe(
      "SPEND OK - 2 rules, nothing fires | 'hourly-burn'=0;50;100 'rate'=U;0.5;",
    );
    expect(await line([rate])).toBe("SPEND OK - 1 rule, nothing fires | 'rate'=U;0.5;");
  });

  it('is UNKNOWN with the reason where a rule cannot be read, unless another one fires', async () => {
    await logIncident(calls);
    const broken = hourlyBurn({ name: 'broken', group_by: ['team'] });
    expect(await line([broken])).toMatch(/^SPEND UNKNOWN - broken: .*"team".* \| 'broken'=U;50;100$/);
    expect(await line([broken, hourlyBurn()])).toMatch(/^SPEND CRITICAL - hourly-burn: /);
  });

  it('is UNKNOWN in one line where the store cannot be read', () => {
    const result = unreadable({ rules: [hourlyBurn()], zone: 'UTC' }, AT, 'refused | by\nthe server');
    expect(checkNagios(result)).toBe("SPEND UNKNOWN - refused ¦ by the server | 'hourly-burn'=U;50;100");
  });

  it('prints a silenced finding only where no other of its severity fires', async () => {
    await calls.log(spend('a', 300), spend('b', 120), spend('c', 60));
    const silence = silenced(AT, AT + HOUR, { match: { service: 'a' } });
    expect(await line([hourlyBurn()], [silence])).toContain(
      'hourly-burn: b $120.00 >= $100.00 in 1h (+2 more)',
    );
    const all = [silence, { ...silence, match: { service: 'b' } }];
    expect(await line([hourlyBurn()], all)).toContain(
      'hourly-burn: a $300.00 >= $100.00 in 1h (silenced) (+2 more)',
    );
  });

  it('stays one line with one bar and whole labels whatever things are called', async () => {
    const service = "it's | a=b;c\r\n\u001b[31mred\u202e";
    await calls.log({ ...spend('x', 300), service });
    const text = await line([hourlyBurn({ name: "o'hara = a|b; \nnew" }), hourlyBurn()]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(text.split('|')).toHaveLength(2);
    const [, perfdata = ''] = text.split(' | ');
    expect(perfdata).toMatch(/^'[^'=|]+'=300;50;100 'hourly-burn'=300;50;100$/);
  });
});
