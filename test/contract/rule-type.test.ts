import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { stringify } from 'yaml';
import { openSeries } from '../../src/backtest/rule-series.ts';
import { againstText } from '../../src/backtest/sentence.ts';
import { renderEmail } from '../../src/channels/email/render.ts';
import { renderSlack } from '../../src/channels/slack/blocks.ts';
import { checkJson } from '../../src/check/json.ts';
import { checkNagios } from '../../src/check/nagios.ts';
import type { CheckResult } from '../../src/check/result.ts';
import { checkSchema } from '../../src/check/schema.ts';
import { checkTable } from '../../src/check/table.ts';
import { alertMessage } from '../../src/model/alert-message.ts';
import { windowText } from '../../src/model/alert-section.ts';
import type { Finding, Judgement } from '../../src/model/finding.ts';
import { findingJson } from '../../src/model/finding-json.ts';
import { jsonText } from '../../src/model/json.ts';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import { worstFirst } from '../../src/model/observation.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { describeQuantity, quantityOf } from '../../src/model/quantity.ts';
import { firesBelow, type Rule, SEVERITIES, stepOf } from '../../src/model/rule.ts';
import { type Cell, type Query, type Series, seriesOfCells } from '../../src/model/series.ts';
import type { AlertNotification } from '../../src/pipeline/decide.ts';
import { unexplained } from '../../src/pipeline/explain.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { RuleType } from '../../src/rules/rule-type.ts';
import { load } from '../config/support.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');
const CONTEXT = { at: AT, zone: 'UTC' };
const DEFAULTS = { severity: 'warning', notify: ['oncall'] } as const;
/** Groups with their part of what the sample spends; two of them are equal. */
const GROUPS = { search: 1, chat: 1.5, batch: 1.25, mail: 1.25, quiet: 0.001 };

const members: readonly RuleType[] = Object.values(ruleTypes);

describe.each(members.map((type) => [type.type, type] as const))('a rule of type %s', (name, type) => {
  const { sample } = type;
  const rule = ruleOf(sample.keys);
  const judged = judge(['search']);
  const finding = findingOf(judged);

  function ruleOf(keys: Readonly<Record<string, unknown>>): Rule {
    return type.schema.parse(keys)(DEFAULTS);
  }

  function judge(groups: readonly (keyof typeof GROUPS)[], judgedRule = rule): Judgement {
    const series = type
      .queries(judgedRule, CONTEXT)
      .map((query, place) => seriesOfCells(namesOf(groups).map((group) => spending(query, place, group))));
    return type.judge(judgedRule, CONTEXT, series);
  }

  /** With those that the sample compares them with. */
  function namesOf(groups: readonly (keyof typeof GROUPS)[]): string[] {
    return groups.length === 0 ? [] : [...groups, ...Object.keys(sample.others ?? {})];
  }

  function spending(query: Query, place: number, group: string) {
    const cells = query.windows.map((_, window): Cell | null => {
      const spent = sample.others?.[group] ?? sample.spent(window, place);
      if (spent === null) return null;
      // What a group spends more it spends in the window that is judged, so that groups differ in any comparison.
      const factor: number = GROUPS[group as keyof typeof GROUPS] ?? 1;
      const cost = fixedFromNumber(window === 0 && place === 0 ? spent * factor : spent);
      return { sums: { cost, calls: 100n * ONE }, sketches: {} };
    });
    return { key: query.groupBy.map(() => group), cells };
  }

  function findingOf({ firing }: Judgement): Finding {
    const [first] = firing;
    if (first === undefined) throw new Error(`the sample of ${name} does not fire`);
    return unexplained(rule, first);
  }

  function checked(): CheckResult {
    return {
      at: AT,
      zone: 'UTC',
      newestRow: AT,
      rowsConsidered: 1,
      rules: [
        {
          rule,
          status: judged.status,
          observed: judged.observed,
          findings: [{ finding, silenced: null }],
          unpricedOf: () => null,
          isPartlyUnpriced: false,
          error: null,
        },
      ],
      unpriced: null,
      unpricedError: null,
      aheadMs: null,
      kept: null,
      error: null,
    };
  }

  it('takes its sample as a file has it', async () => {
    const file = { version: 1, audit: { url: 'pglite:./data' }, rules: [sample.keys] };
    const { rules } = await load(stringify(file));
    expect(rules).toEqual([{ ...rule, notify: rules[0]?.notify }]);
    expect(rule).toMatchObject({ type: name, name: sample.keys.name });
  });

  it('has the same identity with another wording, and another with other limits', () => {
    const identity = jsonText(type.identity(rule) as never);
    const reworded = ruleOf({
      ...sample.keys,
      name: 'other',
      message: 'Look',
      owner: 'search team',
      runbook: 'https://example.com/',
      links: { Logs: 'https://example.com/logs' },
      labels: { team: 'search' },
      notify: ['a'],
      ...(type.schema.safeParse({ ...sample.keys, dedupe: 'hour' }).success && { dedupe: 'hour' }),
    });
    expect(jsonText(type.identity(reworded) as never)).toBe(identity);
    expect(jsonText(type.identity(ruleOf({ ...sample.keys, ...sample.otherLimits })) as never)).not.toBe(
      identity,
    );
    expect(JSON.parse(identity)).toMatchObject({ type: name });
  });

  it('asks about the past, and always the same', () => {
    const queries = type.queries(rule, CONTEXT);
    expect(queries.length).toBeGreaterThan(0);
    for (const { windows, measures } of queries) {
      expect(measures).toContain('calls');
      for (const { from, to } of windows) {
        expect(from).toBeLessThan(to);
        expect(to).toBeLessThanOrEqual(AT);
      }
    }
    expect(type.queries(rule, CONTEXT)).toEqual(queries);
  });

  it('fires on its sample, which is also observed, and never on a store without rows', () => {
    expect(judged.status).toBe('firing');
    expect(judged.firing.map(({ key }) => key)).toEqual([['search']]);
    expect([...judged.observed].map(({ key }) => key)).toContainEqual(['search']);
    for (const { severity, bound } of judged.firing[0]?.steps ?? []) {
      expect(SEVERITIES).toContain(severity);
      expect(typeof bound).toBe('bigint');
    }
    const nothing = judge([]);
    expect([nothing.firing, nothing.status === 'firing']).toEqual([[], false]);
  });

  it('has one order of its groups, whatever the order of the store', () => {
    const names = Object.keys(GROUPS) as (keyof typeof GROUPS)[];
    const { observed, firing } = judge(names);
    const all = [...observed];
    expect(all.length).toBeGreaterThan(1);
    expect(all).toEqual([...all].sort(worstFirst));
    for (const [i, one] of all.entries()) {
      // Total: no two groups are equal, and each is worse than all that follow.
      for (const later of all.slice(i + 1))
        expect([worstFirst(one, later), worstFirst(later, one)]).toEqual([-1, 1]);
    }
    const reversed = judge([...names].reverse());
    expect([...reversed.observed]).toEqual(all);
    expect(reversed.firing).toEqual(firing);
    expect(observed.worst(2)).toEqual(all.slice(0, 2));
    expect(observed.mildest()).toEqual(all.at(-1));
  });

  it('finds the steps that groups reached without their values, where it can', () => {
    const names = Object.keys(GROUPS) as (keyof typeof GROUPS)[];
    const queries = type.queries(rule, CONTEXT);
    const series = queries.map(
      (query, place): Series => seriesOfCells(namesOf(names).map((one) => spending(query, place, one))),
    );
    const windows = queries.map((query) => [...query.windows.keys()]);
    const reached = type.reached?.(rule, series, windows);
    if (reached === undefined) return;
    const plainly = (list: readonly Pick<Judgement['firing'][0], 'key' | 'steps'>[]) =>
      list.map(({ key, steps }) => jsonText([key, steps] as never)).sort();
    expect(plainly(reached)).toEqual(plainly(judge(names).firing));
  });

  it('makes a message whose facts are in its text, its HTML and its blocks', () => {
    const told = { reason: 'new', previous: null } as const;
    const alert = { id: 'a1', finding, at: AT, since: AT, ongoing: false, period: 'day', ...told };
    const message = alertMessage({ rule, alerts: [alert], at: AT, dataAsOf: AT, zone: 'UTC', timestamp: AT });
    const { severity, description } = finding;
    expect(message.title).toBe(`[${severity.toUpperCase()}] ${rule.name}: ${sample.summary}`);
    expect(description.facts.length).toBeGreaterThan(1);
    const mail = renderEmail(message, 'd1', 'example.com');
    const unescaped = (text: string): string =>
      text
        .replaceAll('&nbsp;', ' ')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&amp;', '&');
    const forms = [
      plainText(message),
      unescaped(mail.html),
      unescaped(JSON.stringify(renderSlack(message, 'd1'))),
    ];
    for (const form of forms) {
      for (const [label, value] of description.facts) {
        expect(form).toContain(label);
        expect(form).toContain(value);
      }
    }
    expect(JSON.parse(message.json)).toMatchObject({
      type: 'alert.firing',
      data: { rule: rule.name, severity, alerts: [{ finding: JSON.parse(jsonText(findingJson(finding))) }] },
    });
  });

  it('makes a finding with the documented fields in JSON', () => {
    const json = JSON.parse(jsonText(findingJson(finding)));
    expect(json).toMatchObject({
      group: { service: 'search' },
      severity: finding.severity,
      metric: rule.metric,
      unit: describeQuantity(quantityOf(rule)).unit,
      value: expect.any(Number),
      bound: expect.any(Number),
      operator: expect.toBeOneOf(['>=', '>', '<=', '<']),
      window: { from: expect.any(String), to: '2026-11-20T02:05:00Z' },
      breakdown: {},
    });
    for (const field of ['baseline', 'zscore', ...Object.keys(finding.description.fields)]) {
      expect(json).toHaveProperty(field);
    }
  });

  it('shows its limit, its value and what it was compared with in every output of check', () => {
    const result = checked();
    const { comparison, note, lines } = finding.description;
    const table = checkTable(result, false);
    for (const text of [type.limitText(rule), comparison.join(' '), ...lines]) expect(table).toContain(text);
    const output = JSON.parse([...checkJson(result)].join(''));
    expect(checkSchema.parse(output)).toEqual(output);
    expect(output.rules[0]).toMatchObject({ type: name, status: 'firing', severity: finding.severity });
    expect(output.rules[0].findings).toEqual([JSON.parse(jsonText(findingJson(finding)))]);
    const [text, perfdata] = checkNagios(result).split(' | ');
    expect(text).toContain(
      `search ${comparison.join(' ')} ${windowText(rule.window)}${note === null ? '' : `, ${note}`}`,
    );
    expect(perfdata).toMatch(/^'[^'=]+'=-?\d+(\.\d+)?(;(-?\d+(\.\d+)?:?)?){2}$/);
    expect(type.perfdata(rule, undefined).value).toBeNull();
  });

  it('shows the same value in lists of alerts', () => {
    const [firing] = judged.firing;
    const notification = { firing } as AlertNotification;
    expect(againstText({ rule, notification })).toContain(finding.description.comparison[0]);
  });

  it('fires at the limits that it gives for all groups', () => {
    const limits = type.commonLimits?.(rule) ?? [];
    if (limits.length === 0) return;
    const steps = judged.firing[0]?.steps.map(({ severity, bound }) => ({ severity, bound })) ?? [];
    expect(steps.length).toBeGreaterThan(0);
    expect(limits).toEqual(expect.arrayContaining(steps));
  });

  it('draws finite lines, and its limits where the rule has fixed ones', () => {
    const log = openSeries(rule, 1);
    log.add(0, { at: AT, judgement: judge(['search', 'chat', 'quiet']), pending: [] });
    const { lines, worst } = log.read();
    expect(lines.length).toBeGreaterThan(0);
    for (const point of [...worst, ...lines.flatMap(({ points }) => points)]) {
      expect(Number.isFinite(point?.value)).toBe(true);
      if (point === null || point.band === null) continue;
      const { low, mean, high } = point.band;
      expect(Number.isFinite(mean)).toBe(true);
      expect(low ?? Number.NEGATIVE_INFINITY).toBeLessThanOrEqual(mean);
      expect(high ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(mean);
    }
    const limits = type.fixedLimits?.(rule);
    if (limits === undefined) return;
    const severities = limits.steps.map(({ severity }) => stepOf(severity));
    expect(severities).toEqual([...severities].sort());
    expect(judged.firing[0]?.steps.at(-1)).toEqual({ ...limits.steps.at(-1), operator: limits.operator });
    // The suggestion of another limit reads the values alone.
    const sign = firesBelow(limits.operator) ? -1n : 1n;
    for (const { badness, value } of judged.observed) expect(badness).toBe(sign * value.fixed);
  });
});

test('no file outside src/rules tests for a rule type by its name', () => {
  const src = join(import.meta.dirname, '../../src');
  const types = members.map(({ type }) => type).join('|');
  const asks = new RegExp(
    `\\btype\\b\\W{0,4}[!=]==?\\s*'(${types})'|'(${types})'\\s*[!=]==|case '(${types})':|ruleTypes\\.\\w`,
  );
  const asking = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('rules'))
    .filter((file) => asks.test(readFileSync(join(src, file), 'utf8')));
  expect(asking).toEqual([]);
});
