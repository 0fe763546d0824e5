// Writes docs/reference.md and alerts.schema.json from the schema, the catalogues and the metrics of the program: `npm run docs`.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { alternatives, type JsonSchema } from '../src/config/json-schema.ts';
import { alertsJsonSchema } from '../src/config/schema.ts';
import { ENDPOINTS } from '../src/worker/api/endpoints.ts';
import { PARAMETERS } from '../src/worker/api/parameters.ts';
import { HEALTH_NOTES } from '../src/worker/health-notes/index.ts';
import { CATALOGUE } from '../src/worker/metrics/catalogue.ts';
import { columnRows, metricRows } from './catalogue-tables.ts';

/** The parts of JSON Schema that this page shows beyond those that the program reads. */
interface Shown extends JsonSchema {
  readonly title?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly not?: unknown;
  readonly properties?: Readonly<Record<string, Shown>>;
}

const INTRODUCTION = `# Reference

Every key of alerts.yaml, every [audit column](#audit-columns), every [metric of rules](#metrics-of-rules) and
[of the worker](#metrics-of-the-worker), and the [API](#api). \`npm run docs\` writes this page: do not edit it.

A _secret_ key may be given as \`<key>_file: PATH\` instead. Durations are written \`90s\`, \`15m\`, \`1h30m\`, \`7d\`, \`2w\`; a day is
24 hours. Windows are durations or \`today\`, \`yesterday\`, \`this_week\`, \`this_month\`; instants are ISO 8601 with a zone.
`;

const COLUMN_WORDS =
  'Map each to a column of your table under `audit.columns`. A rule also needs those that it groups and filters by.';

/** The text of docs/reference.md. */
export function referencePage(): string {
  const alerts = alertsJsonSchema() as Shown;
  const of = (key: string) => alerts.properties?.[key] as Shown;
  const channels = (of('channels').additionalProperties as JsonSchema).oneOf as readonly Shown[];
  const rules = of('rules').items?.oneOf as readonly Shown[];
  const measures = of('audit').properties?.measures?.additionalProperties as Shown;
  const sources = of('audit').properties?.columns?.additionalProperties as JsonSchema;
  const time = alternatives(sources, null).find(({ properties }) => properties?.zone !== undefined) as Shown;
  const isCommon = (key: string) => rules.every(({ properties }) => properties?.[key] !== undefined);
  // One that takes every common key comes first.
  const [first] = rules.filter((rule) => refusedBy(rule).length === 0) as [Shown];
  return [
    INTRODUCTION,
    keyTable('Top level', alerts),
    keyTable('audit', of('audit')),
    keyTable('audit.measures', measures, 'Metrics of your own, each under its name'),
    keyTable('audit.columns.time', time, 'A time that is no instant; otherwise a column or `{ sql: … }`'),
    ...['state', 'defaults'].map((key) => keyTable(key, of(key))),
    ...channels.map((channel) => memberTable(channel, (key) => key !== 'type')),
    keyTable('Every rule', {
      ...first,
      properties: { ...picked(first, isCommon), type: { enum: rules.map(typeNameOf) } },
    }),
    ...rules.map((rule) => memberTable(rule, (key) => !isCommon(key) || differs(key, rule, first))),
    keyTable('reports', of('reports').items as Shown),
    keyTable('reports.routing', (of('reports').items as Shown).properties?.routing?.items as Shown),
    keyTable('silences', of('silences').items as Shown),
    ...['incidents', 'health', 'heartbeat', 'http'].map((key) => keyTable(key, of(key))),
    `## Audit columns\n\n${COLUMN_WORDS}\n\n${table(['column', 'in `api_audit_logs`', 'metrics that need it', 'meaning'], columnRows())}`,
    `## Metrics of rules\n\n${table(['metric', 'unit', 'definition over the calls of the window and group'], metricRows())}`,
    metricTable(),
    apiTables(),
  ].join('\n');
}

function keyTable(title: string, schema: Shown, words?: string): string {
  const required = [
    ...(schema.required ?? []),
    ...(schema.allOf ?? []).map(({ anyOf }) => anyOf?.[0]?.required?.[0]),
  ];
  const keys = Object.entries(schema.properties ?? {}).filter(([key]) => !isFileOf(key, schema));
  const rows = keys.map(([key, child]) => {
    const [, meaning = '', inWords] = /^(.*?)(?: \(default: (.*)\))?$/.exec(child.description ?? '') ?? [];
    const isSecret = isFileOf(`${key}_file`, schema);
    const fallback = required.includes(key) ? 'required' : (inWords ?? defaultOf(child));
    return [`\`${key}\``, typeOf(child) + (isSecret ? ', _secret_' : ''), fallback, meaning];
  });
  return `## ${title}\n\n${words === undefined ? '' : `${words}.\n\n`}${table(['key', 'type', 'default', 'meaning'], rows)}`;
}

/** The keys of one channel type or rule type that `isOwn` picks. What its `type` is described as stands above them. */
function memberTable(member: Shown, isOwn: (key: string) => boolean): string {
  const refused = refusedBy(member);
  const properties = picked(member, (key) => isOwn(key) && !refused.includes(key));
  const without = refused.map((key) => `\`${key}\``).join(', ');
  const words = member.properties?.type?.description;
  return keyTable(
    typeNameOf(member),
    { ...member, properties },
    words !== undefined && without !== '' ? `${words}. It does not take ${without}` : words,
  );
}

/** Whether a common key means something else in this rule type. */
function differs(key: string, { properties: own = {} }: Shown, { properties: usual = {} }: Shown): boolean {
  return key !== 'type' && own[key]?.description !== usual[key]?.description;
}

/** The keys of other rule types that this one does not take. */
function refusedBy({ properties = {} }: Shown): string[] {
  return Object.keys(properties).filter((key) => properties[key]?.not !== undefined);
}

function metricTable(): string {
  const notes = HEALTH_NOTES.map(({ gauge }) => ({ ...gauge, kind: 'gauge' }));
  const rows = [...CATALOGUE, ...notes].map(({ name, kind, help }) => [
    `\`${name}\``,
    kind,
    help.replace(/\.$/, ''),
  ]);
  return `## Metrics of the worker\n\n${table(['metric', 'type', 'meaning'], rows.sort())}`;
}

function apiTables(): string {
  const paths = ENDPOINTS.map(({ path, summary, parameters, description }) => [
    `\`${path}\``,
    `${summary}. ${description}`,
    parameters.map((name) => `\`${name}\``).join(', '),
  ]);
  const parameters = Object.entries(PARAMETERS).map(([name, { description, isList, schema }]) => [
    `\`${name}\``,
    typeOf(schema as Shown) + (isList ? ', repeatable' : ''),
    defaultOf(schema as Shown),
    description,
  ]);
  const words = `How to ask is in [API](api.md).`;
  return `## API\n\n${words}\n\n${table(['path', 'answer', 'parameters'], paths)}\n${table(['parameter', 'type', 'default', 'meaning'], parameters)}`;
}

/** What may be written, in words: `title` where the schema has one. */
function typeOf(schema: Shown): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  const parts = ((schema.anyOf ?? schema.oneOf) as readonly Shown[] | undefined)?.filter(isShown);
  if (parts !== undefined) return [...new Set(parts.map(typeOf))].join(' or ');
  const types = [schema.type ?? 'mapping'].flat();
  if (types.includes('number')) return 'number';
  if (types.includes('integer')) return `whole number from ${schema.minimum} to ${schema.maximum}`;
  const words: Readonly<Record<string, string>> = { string: 'text', array: 'list', object: 'mapping' };
  return words[types[0] as string] ?? (types[0] as string);
}

/** Not the variable that may stand in place of every number, nor an empty text that means the default. */
function isShown({ pattern, const: fixed }: Shown): boolean {
  return pattern !== '\\$\\{' && fixed !== '';
}

function defaultOf({ default: fallback }: Shown): string {
  if (fallback === undefined || (typeof fallback === 'object' && Object.keys(fallback ?? {}).length > 0))
    return '';
  return fallback === ''
    ? 'empty'
    : `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``;
}

/** Whether a key names the file of a secret: there is a key for the secret itself. */
function isFileOf(key: string, { properties = {} }: Shown): boolean {
  return (
    properties[key]?.description?.startsWith(`A file that holds \`${key.slice(0, -'_file'.length)}\``) ===
    true
  );
}

function typeNameOf(member: Shown): string {
  return String(member.properties?.type?.const);
}

function picked({ properties = {} }: Shown, wanted: (key: string) => boolean): Record<string, Shown> {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => wanted(key)));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const write = (file: string, text: string) => writeFileSync(new URL(`../${file}`, import.meta.url), text);
  write('alerts.schema.json', `${JSON.stringify(alertsJsonSchema(), null, 2)}\n`);
  write('docs/reference.md', referencePage());
}
