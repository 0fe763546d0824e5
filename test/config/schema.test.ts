import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { channelTypes } from '../../src/channels/index.ts';
import { loadConfig } from '../../src/config/load.ts';
import { alertsJsonSchema } from '../../src/config/schema.ts';
import { METRICS } from '../../src/model/metric.ts';
import { ruleTypes } from '../../src/rules/index.ts';
import { folderWith, minimal } from './support.ts';

const EXAMPLE = join(import.meta.dirname, '../../alerts.yaml');
const schema = alertsJsonSchema();
const editor = z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);

const issuesOf = (value: unknown) => editor.safeParse(value).error?.issues ?? [];

describe('the JSON Schema for editors', () => {
  it('takes the example as it is written, variables and all', () => {
    expect(issuesOf(parse(readFileSync(EXAMPLE, 'utf8')))).toEqual([]);
  });

  it('takes a variable where a number is expected, and a file where a secret is', () => {
    const file = parse(`version: 1
audit: { url_file: url }
channels:
  a: { type: slack, token_file: t, channel: "#a" }
  b: { type: webhook, url_file: u, secrets_file: [a, b] }
rules: [{ name: a, type: threshold, metric: spend, window: 1h, threshold: "\${LIMIT}", min_calls: "\${CALLS}" }]
health: { blind_after: "\${BLIND}" }
`);
    expect(issuesOf(file)).toEqual([]);
  });

  it.each([
    ['an unknown key', minimal('chanels: {}')],
    ['what is not the name of a metric', minimal().replace('spend', 'Spend in USD')],
    ['a number of another sort', minimal('health: { blind_after: many }')],
    ['no audit part', 'version: 1\nrules: []'],
  ])('refuses %s', (_, text) => {
    expect(issuesOf(parse(text))).not.toEqual([]);
  });

  it('completes known metrics, and takes those that the file declares', () => {
    const own = 'measures: { headroom: { column: pct, aggregate: min, unit: "%" } }';
    const text = minimal().replace('spend', 'headroom').replace('audit: {', `audit: { ${own},`);
    expect(issuesOf(parse(text))).toEqual([]);
    expect(JSON.stringify(schema)).toContain('"enum":["spend","calls"');
  });

  it('wants of a required secret either the key or its file', () => {
    expect(schema.properties?.audit).toMatchObject({
      required: [],
      allOf: [{ anyOf: [{ required: ['url'] }, { required: ['url_file'] }] }],
    });
  });

  it('has no pattern that needs the flag u, which many validators of editors do not set', () => {
    const patterns = [...JSON.stringify(schema).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(
      ([, text]) => text,
    );
    expect(patterns.length).toBeGreaterThan(0);
    expect(patterns.filter((text) => /\\[pP]|\\u\{/.test(text ?? ''))).toEqual([]);
    expect(issuesOf(parse(minimal(`name: ${'n'.repeat(61)}\n`)))).not.toEqual([]);
    expect(issuesOf(parse(minimal(`name: "\${${'N'.repeat(61)}}"\n`)))).toEqual([]);
  });

  it('names every rule type, channel type and metric', () => {
    const text = JSON.stringify(schema);
    for (const type of [...Object.keys(ruleTypes), ...channelTypes.map(({ type }) => type)]) {
      expect(text).toContain(`"const":"${type}"`);
    }
    expect(text).toContain(JSON.stringify(METRICS).slice(1, -1));
    expect(text).not.toContain('"secret":true');
  });

  it('describes every key of every part', () => {
    const bare: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        if (key === 'properties') {
          for (const [name, child] of Object.entries(value as Record<string, { description?: string }>)) {
            if (child.description === undefined) bare.push(`${path}/${name}`);
            visit(child, `${path}/${name}`);
          }
        } else visit(value, path);
      }
    };
    visit(schema, '');
    // What tells the kinds apart, a severity and `{ sql }`, `{ not }` say themselves what they are.
    expect(bare.filter((path) => !/\/(type|info|warning|critical|sql|not)$/.test(path))).toEqual([]);
  });
});

describe('the registries', () => {
  it('hold rule types under their own names', () => {
    for (const [name, { type }] of Object.entries(ruleTypes)) expect(type).toBe(name);
  });

  it('hold members that the file tells apart by `type`', () => {
    for (const { schema: member, type } of [...Object.values(ruleTypes), ...channelTypes]) {
      const json = z.toJSONSchema(member, { io: 'input', unrepresentable: 'any' });
      expect(json.properties?.type).toMatchObject({ const: type });
      expect(json.additionalProperties).toBe(false);
    }
  });
});

describe('the example alerts.yaml', () => {
  it('is valid with no environment variable set', async () => {
    const config = await loadConfig(EXAMPLE, {});
    expect(config.rules.length).toBeGreaterThan(5);
    const active = new Set([...config.channels.values()].map(({ type }) => type));
    expect([...active].sort()).toEqual(['email', 'slack', 'webhook']);
  });

  it('shows a channel of every type, some of them in comments', () => {
    const text = readFileSync(EXAMPLE, 'utf8');
    const shown = [...text.matchAll(/^ {2}(?:#.*| *)\btype: (\w+)/gm)].map(([, type]) => type);
    expect(shown.filter((type) => channelTypes.some((one) => one.type === type)).sort()).toEqual(
      channelTypes.map(({ type }) => type).sort(),
    );
  });

  it('reaches nobody before its placeholders are replaced', () => {
    const text = readFileSync(EXAMPLE, 'utf8').replaceAll(/#.*$/gm, '');
    const hosts = [...text.matchAll(/(?:https?:\/\/|@|host: \S*?:-)([\w.-]+)/g)].map(([, host]) => host);
    expect(hosts.length).toBeGreaterThan(3);
    expect(hosts.filter((host) => host?.endsWith('example.com') !== true)).toEqual([]);
    expect(text).toContain('xoxb-replace-me');
  });

  it('is the base that a folder of its own also takes', async () => {
    const folder = await folderWith({
      'alerts.yaml': readFileSync(EXAMPLE, 'utf8'),
      'prices.yaml': 'models: {}',
    });
    expect((await loadConfig(join(folder, 'alerts.yaml'), {})).audit.prices).toEqual({
      models: {},
      aliases: {},
      strip: [],
    });
  });
});
