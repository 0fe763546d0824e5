import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { referencePage } from '../../scripts/docs.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parsePrices } from '../../src/config/prices/read.ts';
import { alertsJsonSchema } from '../../src/config/schema.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** The YAML blocks of a page that begin with `start`, each with its place for the test's name. */
function blocks(page: string, start: string): { place: string; text: string }[] {
  return [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
    .map((match) => ({ text: match[1] ?? '', line: read(page).slice(0, match.index).split('\n').length }))
    .filter(({ text }) => text.startsWith(start))
    .map(({ text, line }) => ({ text, place: `${page}:${line}` }));
}

/** What stands around the rules of a page in a reader's file. */
const AROUND = `version: 1
audit: { url: "pglite:./spendwatch-data", prices: prices.yaml }
channels:
  oncall: { type: slack, webhook_url: https://hooks.example.com/a }
  finance: { type: slack, webhook_url: https://hooks.example.com/b }
`;

const pagesOfRules = readdirSync(new URL('../../docs/rules/', import.meta.url)).map(
  (page) => `docs/rules/${page}`,
);

const files = [
  ...blocks('docs/configuration.md', 'version: 1'),
  ...blocks('docs/context.md', 'version: 1'),
  ...blocks('docs/presets/litellm.md', 'version: 1'),
  ...['docs/rules.md', ...pagesOfRules]
    .flatMap((page) => blocks(page, 'rules:'))
    .map(({ place, text }) => ({ place, text: AROUND + text })),
  ...blocks('docs/rules.md', 'audit:').map(({ place, text }) => ({ place, text: `version: 1\n${text}` })),
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spendwatch-docs-'));
  await writeFile(join(folder, 'prices.yaml'), read('prices.yaml'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('the pages have examples', () => {
  expect(files.length).toBeGreaterThan(10);
});

it.each(files)('the example at $place is valid', async ({ text }) => {
  const file = join(folder, 'alerts.yaml');
  await writeFile(file, text);
  await expect(loadConfig(file, { AUDIT_DATABASE_URL: 'pglite:./data' })).resolves.toBeDefined();
});

const lists = ['models:', 'version: 2'].flatMap((start) => blocks('docs/configuration.md', start));
it.each(lists)('the price list at $place is valid', ({ text }) => {
  expect(parsePrices('prices.yaml', text).problems).toEqual([]);
});

it('alerts.schema.json is what `spendwatch schema` prints, and `npm run docs` writes', () => {
  expect(JSON.parse(read('alerts.schema.json'))).toEqual(alertsJsonSchema());
});

it('docs/reference.md is what `npm run docs` writes', () => {
  expect(read('docs/reference.md')).toBe(referencePage());
});

it('docs/reference.md names every key of alerts.yaml, and says what it means', () => {
  const rows = new Map(
    [...read('docs/reference.md').matchAll(/^\| `(\w+)` \|.*\| (.*) \|$/gm)].map(([, key, meaning]) => [
      key,
      meaning,
    ]),
  );
  const inProse = new Set(['type', 'sql', 'not', 'info', 'warning', 'critical']);
  const missing = [...keysOf(alertsJsonSchema())].filter((key) => !inProse.has(key) && !rows.get(key));
  expect(missing).toEqual([]);
});

/** Every key that the schema knows, whatever it stands in; `<key>_file` is described once for all. */
function keysOf(node: unknown, found = new Set<string>()): Set<string> {
  if (typeof node !== 'object' || node === null) return found;
  if ('properties' in node) {
    for (const key of Object.keys(node.properties as object)) if (!key.endsWith('_file')) found.add(key);
  }
  for (const child of Object.values(node)) keysOf(child, found);
  return found;
}
