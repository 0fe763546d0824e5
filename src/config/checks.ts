// Finds faults between parts of the file: unknown channels, missing columns, names used twice.

import { DIMENSIONS } from '../model/columns.ts';
import { describeMetric, metricOf } from '../model/metric.ts';
import { columnsLackedBy } from '../model/metric-columns.ts';
import { isOwnMetric } from '../model/own-metric.ts';
import { SEVERITIES } from '../model/rule.ts';
import type { Mapping } from '../stores/audit-store.ts';
import { nearest, suggestion } from './nearest.ts';
import { isRecord, type Path, valueAt } from './path.ts';
import type { Problem } from './problem.ts';
import { reportChannelFaults } from './report-channels.ts';
import { typeNamed } from './rule-files.ts';
import type { YamlFile } from './yaml-file.ts';

/** `value` may have any shape, so that faults elsewhere in the file hide none of these. */
export interface CheckInput {
  readonly source: YamlFile;
  readonly value: unknown;
  /** Null when the audit part has faults of its own. */
  readonly mapping: Mapping | null;
}

/** Faults between the parts of a file: names that nothing has, names used twice, columns that the store lacks. */
export function crossFaults(input: CheckInput): Problem[] {
  const names = namesOf(input, 'rules');
  return [
    ...dimensionNameFaults(input),
    ...channelFaults(input),
    ...repeatedNames(input, 'rules'),
    ...repeatedNames(input, 'reports'),
    ...listIn(input, 'rules').flatMap((_, i) => columnFaults(input, ['rules', i])),
    ...listIn(input, 'reports').flatMap((_, i) => [
      ...columnFaults(input, ['reports', i]),
      ...routingFaults(input, ['reports', i, 'routing']),
      ...reportChannelFaults(input, i),
    ]),
    ...silenceFaults(input, names),
    ...incidentFaults(input),
  ];
}

/** Dimensions that rules may group and filter by: those the mapping has a column for. */
export function dimensionsOf(mapping: Mapping): string[] {
  const canonical = DIMENSIONS.filter((column) => mapping.columns[column] !== undefined);
  return [...canonical, ...Object.keys(mapping.dimensions)];
}

function listIn({ value }: CheckInput, key: 'rules' | 'reports'): readonly unknown[] {
  const list = valueAt(value, [key]);
  return Array.isArray(list) ? list : [];
}

function namesOf(input: CheckInput, key: 'rules' | 'reports'): readonly unknown[] {
  return listIn(input, key).map((one) => valueAt(one, ['name']));
}

function channelFaults(input: CheckInput): Problem[] {
  const { source, value } = input;
  const channels = valueAt(value, ['channels']);
  if (channels !== undefined && !isRecord(channels)) return [];
  const isMisspelled =
    isRecord(value) && Object.keys(value).some((key) => nearest(key, ['channels']) !== null);
  if (channels === undefined && isMisspelled) return [];
  const known = Object.keys(channels ?? {});
  const holders: Path[] = [
    ['defaults'],
    ['health'],
    ...(['rules', 'reports'] as const).flatMap((key) => listIn(input, key).map((_, i) => [key, i])),
  ];
  const lists = holders.flatMap((holder): Path[] => [
    [...holder, 'notify'],
    ...SEVERITIES.map((severity) => [...holder, 'notify', severity]),
  ]);
  return lists.flatMap((path) => {
    const list = valueAt(value, path);
    if (!Array.isArray(list)) return [];
    return list.flatMap((name: unknown, i): Problem[] => {
      if (typeof name !== 'string' || name === '') return [];
      if (!known.includes(name)) {
        const hint = suggestion(name, known, 'channels of this file') ?? 'declare it under `channels`';
        return [source.fault([...path, i], `no channel is named "${name}"`, hint)];
      }
      if (list.indexOf(name) === i) return [];
      return [source.fault([...path, i], `the channel "${name}" is named twice`, 'name each channel once')];
    });
  });
}

const REPEATED = {
  rules: ['rule', 'alerts carry the name: give each rule its own'],
  reports: ['report', 'spendwatch report NAME takes it: give each report its own'],
} as const;

function repeatedNames(input: CheckInput, key: 'rules' | 'reports'): Problem[] {
  const names = namesOf(input, key);
  const [noun, hint] = REPEATED[key];
  return names.flatMap((name, i) => {
    const first = names.indexOf(name);
    if (typeof name !== 'string' || first === i) return [];
    const { line } = input.source.fault([key, first, 'name'], '');
    const message = `the ${noun} name "${name}" is used twice (first in line ${line})`;
    return [input.source.fault([key, i, 'name'], message, hint)];
  });
}

function routingFaults({ source, value, mapping }: CheckInput, path: Path): Problem[] {
  const routes = valueAt(value, path);
  if (!Array.isArray(routes) || routes.length === 0) return [];
  if (valueAt(value, ['audit', 'prices']) === undefined) {
    const message = 'routing needs a price list';
    return [source.keyFault(path, message, 'name one: audit: { prices: prices.yaml }')];
  }
  if (mapping === null) return [];
  return ROUTED.flatMap((choices) => {
    if (choices.some((column) => mapping.columns[column] !== undefined)) return [];
    const message = `routing needs the column ${choices.join(' or ')}, which the audit mapping lacks`;
    return [source.keyFault(path, message, 'map it under audit.columns')];
  });
}

/** Of each list, one column suffices. */
const ROUTED = [['model'], ['input_tokens', 'output_tokens']] as const;

function columnFaults({ source, value, mapping }: CheckInput, path: Path): Problem[] {
  if (mapping === null) return [];
  const problems: Problem[] = [];
  const groupBy = valueAt(value, [...path, 'group_by']);
  const where = valueAt(value, [...path, 'where']);
  const type = typeNamed(valueAt(value, path));
  const used: Path[] = [
    ...(type?.dimensionKeys ?? []).map((key) => [...path, key]),
    ...(Array.isArray(groupBy) ? groupBy.map((_, i) => [...path, 'group_by', i]) : []),
    ...(isRecord(where) ? Object.keys(where).map((key) => [...path, 'where', key]) : []),
  ];
  for (const place of used) {
    const isKey = place.at(-2) === 'where';
    const name = isKey ? place.at(-1) : valueAt(value, place);
    const fault = typeof name === 'string' ? dimensionFault(name, mapping) : null;
    if (fault === null) continue;
    problems.push(source[isKey ? 'keyFault' : 'fault'](place, fault.message, fault.hint));
  }
  return [...problems, ...metricFaults({ source, value, mapping }, path)];
}

/** Faults of a metric that the table, or the price list, does not suffice for. What a report measures is its spend. */
function metricFaults({ source, value, mapping }: CheckInput, path: Path): Problem[] {
  if (mapping === null) return [];
  const type = typeNamed(valueAt(value, path));
  const isReport = path[0] === 'reports';
  const written = valueAt(value, [...path, 'metric']);
  const place = isReport ? 'name' : written === undefined ? 'type' : 'metric';
  const metric = isReport ? 'spend' : metricOf(written ?? type?.metric);
  if (metric === undefined) return [];
  const problems: Problem[] = [];
  const hasPrices = valueAt(value, ['audit', 'prices']) !== undefined;
  const { name: called, needsPrices } = describeMetric(metric);
  if (isOwnMetric(metric) && mapping.measures?.[called] === undefined) {
    const hint = 'declare it under audit.measures, and write its name';
    problems.push(source.fault([...path, 'metric'], `"${metric}" is not known here`, hint));
  }
  if (needsPrices && !hasPrices) {
    const message = `${metric} needs a price list`;
    problems.push(source.fault([...path, 'metric'], message, 'name one: audit: { prices: prices.yaml }'));
  }
  for (const choices of columnsLackedBy(metric, (one) => mapping.columns[one] !== undefined, hasPrices)) {
    const who = isReport ? 'a report' : place === 'type' ? type?.type : metric;
    const message = `${who} needs the column ${choices.join(' or ')}, which the audit mapping lacks`;
    const ways = choices.includes('cost') && !needsPrices ? ', or give audit.prices' : '';
    problems.push(source.fault([...path, place], message, `map it under audit.columns${ways}`));
  }
  return problems;
}

function dimensionFault(name: string, mapping: Mapping): { message: string; hint: string | null } | null {
  const known = dimensionsOf(mapping);
  if (known.includes(name)) return null;
  if (DIMENSIONS.some((column) => column === name)) {
    return {
      message: `the audit mapping has no column for "${name}"`,
      hint: `map it under audit.columns: { ${name}: … }`,
    };
  }
  const hint = suggestion(name, known, 'dimensions of this file');
  return { message: `no dimension is named "${name}"`, hint };
}

/** Names that mean something else than a dimension: in a silence's `match`, and `rule` in metrics' labels too. */
const TAKEN = { rule: 'the rule', incident: 'an incident' };

function dimensionNameFaults({ source, value }: CheckInput): Problem[] {
  return Object.entries(TAKEN).flatMap(([name, meaning]) => {
    const path = ['audit', 'dimensions', name];
    if (valueAt(value, path) === undefined) return [];
    const message = `no dimension can be named "${name}"`;
    return [source.keyFault(path, message, `it names ${meaning}: choose another name`)];
  });
}

/** A dimension that the table lacks is passed over, but a name that nothing has is a mistake. */
function incidentFaults({ source, value, mapping }: CheckInput): Problem[] {
  const path = ['incidents', 'by'];
  const name = valueAt(value, path);
  if (mapping === null || typeof name !== 'string' || DIMENSIONS.some((column) => column === name)) return [];
  const fault = dimensionFault(name, mapping);
  return fault === null ? [] : [source.fault(path, fault.message, fault.hint)];
}

function silenceFaults({ source, value, mapping }: CheckInput, names: readonly unknown[]): Problem[] {
  const silences = valueAt(value, ['silences']);
  if (!Array.isArray(silences)) return [];
  const hasRules = Array.isArray(valueAt(value, ['rules']));
  return silences.flatMap((silence, i) => {
    const match = valueAt(silence, ['match']);
    if (!isRecord(match)) return [];
    return Object.entries(match).flatMap(([key, wanted]): Problem[] => {
      const path = ['silences', i, 'match', key];
      if (key === 'rule') {
        if (typeof wanted !== 'string') return [source.fault(path, 'expected the name of a rule')];
        if (!hasRules || names.includes(wanted)) return [];
        const known = names.filter((name) => typeof name === 'string');
        return [
          source.fault(path, `no rule is named "${wanted}"`, suggestion(wanted, known, 'rules of this file')),
        ];
      }
      if (key === 'incident') {
        return typeof wanted === 'string' ? [] : [source.fault(path, 'expected the id of an incident')];
      }
      const fault = mapping === null ? null : dimensionFault(key, mapping);
      return fault === null ? [] : [source.keyFault(path, fault.message, fault.hint)];
    });
  });
}
