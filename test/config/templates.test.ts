// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bodyValues } from '../../src/channels/webhook/body.ts';
import { messageSamples, ruleSamples } from '../../src/config/template-samples.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import type { RuleType } from '../../src/rules/rule-type.ts';
import { type Names, namesIn } from '../../src/templates/names.ts';
import { sampleAlert, sampleNews } from '../channels/sample-messages.ts';
import { SAMPLES } from '../channels/samples.ts';
import { faultsOf, load } from './support.ts';

const file = (rule: string, channel = ''): string => `
version: 1
name: production
audit: { url: "pglite:./data", preset: api_audit_logs }
channels:
  hook:
    type: webhook
    url: https://example.com/hook
    secret: a secret of sixteen bytes
    ${channel}
rules:
  - name: burn
    type: threshold
    metric: spend
    window: 1h
    group_by: [service]
    threshold: 1
    ${rule}
`;

describe('a rule with templates', () => {
  it('fills them in, with the name of the installation', async () => {
    const { rules } = await load(file('message: "{{ group.service }} in {{ name }}"'));
    expect(sampleNews([sampleAlert()], rules[0]).note).toBe('search in production');
  });

  it('without one loads nothing', async () => {
    const { rules } = await load(file('message: "Costs {5} %"'));
    expect(rules[0]?.fill).toBeUndefined();
  });

  it('may name what it gives itself, and not what it lacks', async () => {
    await load(file('message: "{{ owner }} {{ labels.team }}"\n    labels: { team: x }'));
    expect(await faultsOf(file('message: "{{ labels.team }}"'))).toMatchObject([
      {
        path: ['rules', 0, 'message'],
        message: expect.stringContaining('nothing is named "team" in labels'),
      },
    ]);
  });

  it('is told to write a dollar before a value as two', async () => {
    expect(await faultsOf(file('message: "${{ value }}"'))).toMatchObject([
      { hint: 'write $$ for a dollar sign' },
    ]);
    const { rules } = await load(file('message: "$${{ value | round: 2 }}"'));
    expect(sampleNews([sampleAlert()], rules[0]).note).toBe('$312.46');
  });

  it('shows nothing of one that came from a variable', async () => {
    const faults = await faultsOf(file('message: "${TEXT}"'), { TEXT: '{{ planted }}' });
    expect(faults).toMatchObject([{ message: 'the template has a fault' }]);
    expect(JSON.stringify(faults)).not.toContain('planted');
  });
});

describe('a body', () => {
  it.each([
    ['{"text": "{{ title }}"}', []],
    ['{{ data }}', []],
    ['{"a": {{ data.alerts[0].finding.group.model }}, "b": {{ data.channel }}, "c": "{{ text }}"}', []],
    ['{"text": {{ title }}, }', ['it makes no JSON of an alert']],
    ['{"a": {% if data.channel %}x{% else %}1{% endif %}}', ['it makes no JSON of a drill']],
    [
      '{"a": {% if type == "alert.resolved" %}x{% else %}1{% endif %}}',
      ['it makes no JSON of the end of an alert'],
    ],
    [
      '{"a": {% if type == "health.channel" %}x{% else %}1{% endif %}}',
      ['it makes no JSON of a report about a channel'],
    ],
    ['plain text', ['it makes no JSON of an alert']],
  ])('%s is tried on every kind of message', async (body, expected) => {
    const text = file('', `body: ${JSON.stringify(body)}`);
    const faults = expected.length === 0 ? [] : await faultsOf(text);
    if (expected.length === 0) await load(text);
    expect(faults.map(({ message }) => message.replace('the template is not right: ', ''))).toEqual(expected);
  });
});

describe('the samples that templates are tried on', () => {
  const dimensions = ['service', 'model', 'user', 'endpoint'];
  const context = { owner: 'team', runbook: 'https://example.com/', labels: {}, links: {} };
  const sampled = namesIn(messageSamples(context, dimensions, bodyValues).map(({ values }) => values));

  it.each(Object.entries(SAMPLES))('have every name that is in the message %s', (_, message) => {
    expect(missingIn(sampled, namesIn([bodyValues(message, 'msg_1')]))).toEqual([]);
  });

  it.each(Object.values<RuleType>(ruleTypes).map((type) => [type.type, type] as const))(
    'have names for rules of type %s that docs/context.md lists',
    (_, type) => {
      const samples = ruleSamples(type, context, dimensions);
      const page = readFileSync(new URL('../../docs/context.md', import.meta.url), 'utf8');
      const listed = page.slice(page.indexOf('### Names'), page.indexOf('### A webhook'));
      const names = [...(namesIn(samples.map(({ values }) => values)).fields?.keys() ?? [])];
      expect(names.filter((name) => !listed.includes(`\`${name}\``))).toEqual([]);
    },
  );
});

function missingIn(known: Names, found: Names, path = ''): string[] {
  const under = [...(found.fields ?? [])].flatMap(([name, names]) => {
    const there = known.fields?.get(name);
    return there === undefined ? [`${path}.${name}`] : missingIn(there, names, `${path}.${name}`);
  });
  if (found.item === null) return under;
  return [
    ...under,
    ...(known.item === null ? [`${path}[]`] : missingIn(known.item, found.item, `${path}[]`)),
  ];
}
