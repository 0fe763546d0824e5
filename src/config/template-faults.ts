// Finds what is wrong with the templates of a file, and compiles them.

import { channelTypes } from '../channels/index.ts';
import { DIMENSIONS } from '../model/columns.ts';
import { metricOf } from '../model/metric.ts';
import type { Rule } from '../model/rule.ts';
import { ruleTypes } from '../rules/index.ts';
import type { RuleType } from '../rules/rule-type.ts';
import type { Mapping } from '../stores/audit-store.ts';
import { openTemplates } from '../templates/open.ts';
import {
  isTemplate,
  type Sample,
  type TemplateFault,
  type TemplateKind,
  type Templates,
} from '../templates/template.ts';
import { dimensionsOf } from './checks.ts';
import type { Hidden } from './hidden.ts';
import { nearest, suggestion } from './nearest.ts';
import { isRecord, type Path, valueAt } from './path.ts';
import type { Problem } from './problem.ts';
import { messageSamples, ruleSamples } from './template-samples.ts';
import type { YamlFile } from './yaml-file.ts';

/** `value` may have any shape, so that faults elsewhere in the file hide none of these. */
interface TemplateInput {
  readonly source: YamlFile;
  readonly value: unknown;
  /** Null where the audit part has faults. */
  readonly mapping: Mapping | null;
  readonly hidden: Hidden;
}

export interface TemplatesOfFile {
  readonly faults: readonly Problem[];
  /** The engine; null where the file has no template, so that its library is not loaded. */
  readonly templates: Templates | null;
}

/** One template of the file, and what it is tried on. */
interface Written {
  readonly path: Path;
  readonly text: string;
  readonly kind: TemplateKind;
  samples(): readonly Sample[];
}

/** Tries every template of the file. */
export async function templatesOf(input: TemplateInput): Promise<TemplatesOfFile> {
  const written = [...ruleTemplates(input), ...channelTemplates(input)].filter(
    ({ path }) => !input.hidden.isFaulty(path),
  );
  if (written.length === 0) return { faults: [], templates: null };
  const templates = await openTemplates();
  const faults = written.flatMap((one) =>
    templates.faultsIn(one.text, one.kind, one.samples()).map((fault) => problemOf(fault, one, input)),
  );
  return { faults, templates };
}

function ruleTemplates({ value, mapping }: TemplateInput): Written[] {
  return listAt(value, 'rules').flatMap((rule, i): Written[] => {
    const type = typeOf(rule);
    if (type === undefined) return [];
    const links = valueAt(rule, ['links']);
    const labels = isRecord(links) ? Object.keys(links) : [];
    const places: (readonly [Path, TemplateKind])[] = [
      [['message'], 'text'],
      ...labels.map((label) => [['links', label], 'url'] as const),
    ];
    const samples = once((): Sample[] => {
      const context = contextOf(rule);
      const { groupBy = [] } = context;
      return ruleSamples(
        type,
        context,
        breakdownOf(mapping).filter((name) => !groupBy.includes(name)),
      );
    });
    return places.flatMap(([place, kind]) => {
      const text = valueAt(rule, place);
      if (typeof text !== 'string' || !isTemplate(text)) return [];
      return [{ path: ['rules', i, ...place], text, kind, samples }];
    });
  });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function channelTemplates({ value, mapping }: TemplateInput): Written[] {
  const channels = valueAt(value, ['channels']);
  return Object.entries(isRecord(channels) ? channels : {}).flatMap(([name, channel]): Written[] => {
    const template = channelTypes.find(({ type }) => type === valueAt(channel, ['type']))?.template;
    if (template === undefined) return [];
    const text = valueAt(channel, [template.key]);
    if (typeof text !== 'string') return [];
    const samples = (): Sample[] => {
      const contexts = listAt(value, 'rules').map(contextOf);
      const all = {
        message: 'Look',
        owner: 'team',
        runbook: 'https://example.com/',
        links: together(contexts.map(({ links = {} }) => links)),
        labels: together(contexts.map(({ labels = {} }) => labels)),
      };
      return messageSamples(all, breakdownOf(mapping), template.values);
    };
    return [{ path: ['channels', name, template.key], text, kind: 'json', samples }];
  });
}

function together(records: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  return Object.fromEntries(records.flatMap((one) => Object.entries(one)));
}

/** The dimensions that alerts may have, as groups or in breakdowns. */
function breakdownOf(mapping: Mapping | null): string[] {
  return mapping === null ? [...DIMENSIONS] : dimensionsOf(mapping);
}

function typeOf(rule: unknown): RuleType | undefined {
  const name = valueAt(rule, ['type']);
  return Object.values<RuleType>(ruleTypes).find(({ type }) => type === name);
}

/** What templates can name of a rule, as far as it is valid. */
function contextOf(rule: unknown): Partial<Rule> {
  const metric = metricOf(valueAt(rule, ['metric']));
  const links = Object.keys(textsAt(rule, 'links')).map((label) => [label, 'https://example.com/']);
  return {
    name: String(valueAt(rule, ['name'])),
    ...(metric !== undefined && { metric }),
    groupBy: listAt(rule, 'group_by').filter((name) => typeof name === 'string'),
    labels: textsAt(rule, 'labels'),
    links: Object.fromEntries(links),
  };
}

function textsAt(holder: unknown, key: string): Record<string, string> {
  const texts = valueAt(holder, [key]);
  const pairs = isRecord(texts) ? Object.entries(texts) : [];
  return Object.fromEntries(pairs.map(([name, text]) => [name, String(text)]));
}

function listAt(holder: unknown, key: string): readonly unknown[] {
  const list = valueAt(holder, [key]);
  return Array.isArray(list) ? list : [];
}

function problemOf(
  { offset, message, unknown }: TemplateFault,
  { path, text, kind }: Written,
  { source, hidden }: TemplateInput,
): Problem {
  if (hidden.has(path)) {
    return source.fault(
      path,
      'the template has a fault',
      'write it into the file to see more, without variables',
    );
  }
  const hint = unknown === undefined ? HINTS[kind] : (hintOf(unknown.name, unknown.known) ?? HINTS[kind]);
  const tag = tagAt(text, offset);
  return source.faultAt(path, tag.text, `the template is not right: ${message}`, hint, offset - tag.begin);
}

const HINTS: Readonly<Record<TemplateKind, string>> = {
  text: 'docs/context.md lists names, tags and filters',
  url: 'docs/context.md lists names, tags and filters',
  json: 'a value brings its own quotes unless it stands within some, and the last of a list has no comma: docs/context.md',
};

/** What other tools, and other places of the file, call these. */
const ALSO_CALLED: Readonly<Record<string, string>> = {
  limit: 'bound',
  threshold: 'bound',
  service: 'group.service',
  model: 'group.model',
  user: 'group.user',
};

function hintOf(name: string, known: readonly string[]): string | null {
  if (known.length === 0)
    return 'there are no names here: a group has those of `group_by`, labels those of `labels`';
  const also = Object.entries(ALSO_CALLED).filter(
    ([one, meant]) => !known.includes(one) && known.includes(meant.split('.')[0] ?? ''),
  );
  const candidates = [...known, ...also.map(([one]) => one)];
  const close = candidates.includes(name) ? name : nearest(name, candidates);
  if (close === null) return suggestion(name, known, 'names here');
  return `did you mean "${new Map(also).get(close) ?? close}"?`;
}

/** The tag or output around a place, which is found in the file as it is written here; else the rest of the line. */
function tagAt(text: string, offset: number): { readonly text: string; readonly begin: number } {
  for (const tag of text.matchAll(/\{\{.*?\}\}|\{%.*?%\}/g)) {
    if (tag.index <= offset && offset < tag.index + tag[0].length) return { text: tag[0], begin: tag.index };
  }
  return { text: /.*/.exec(text.slice(offset))?.[0] ?? '', begin: offset };
}
