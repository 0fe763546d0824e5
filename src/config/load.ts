// Reads alerts.yaml: a Config, or every fault at once.

import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ChannelTerms } from '../channels/channel.ts';
import { channelTypes } from '../channels/index.ts';
import { termsOf } from '../channels/term-keys.ts';
import { proxiesOf } from '../channels/transport/proxy-choice.ts';
import { DEFAULT_CURRENCY, isCurrency } from '../model/currency.ts';
import { encodingFault } from '../model/text-encoding.ts';
import type { Mapping } from '../stores/audit-store.ts';
import { assemble } from './assemble.ts';
import { auditSchema, storeOf } from './audit-schema.ts';
import { crossFaults } from './checks.ts';
import type { Config } from './config.ts';
import { type Environment, processEnvironment } from './environment.ts';
import { problemsOf } from './issues.ts';
import { withOwnMetrics } from './own-metrics.ts';
import { parseAlerts } from './parse.ts';
import { isRecord, valueAt } from './path.ts';
import { readPrices } from './prices/read.ts';
import { ConfigError, type Problem, shortened } from './problem.ts';
import { readRuleFiles, typeNamed } from './rule-files.ts';
import { loaderSchema } from './schema.ts';
import { reasonOf } from './secret-file.ts';
import { substitute } from './substitute.ts';
import { templatesOf } from './template-faults.ts';
import { ineffectiveParameters } from './url-parameters.ts';
import { readYaml, type YamlFile } from './yaml-file.ts';

/** Far above any real file. */
const MAX_BYTES = 1_048_576;

/** What the configuration is used for. */
export interface LoadOptions {
  /** Whether anything is sent or served. If not, secrets of channels, heartbeat and API may be missing. */
  readonly sends: boolean;
  /** The option that names the file, for the fault of a file that is not there. */
  readonly option?: '--config' | '--diff';
}

/**
 * Reads alerts.yaml with its secret files and its price list. Throws a ConfigError that carries every fault at
 * once; no secret and no value from the environment is in its text.
 */
export async function loadConfig(
  path: string,
  env: Environment = processEnvironment(),
  { sends, option = '--config' }: LoadOptions = { sends: true },
): Promise<Config> {
  const source = readYaml(path, await readText(path, option));
  if (source.broken) throw new ConfigError(source.problems);
  if (!isRecord(source.value)) {
    const message =
      (source.value ?? null) === null ? 'the file is empty' : 'the file must be a mapping of keys';
    throw new ConfigError([source.fault([], message, 'spendwatch init writes one to begin with')]);
  }

  const schema = loaderSchema();
  const folder = dirname(resolve(path));
  const substituted = await substitute(source, schema, folder, env);
  const { problems, hidden } = substituted;
  const ruleFiles = await readRuleFiles(source, substituted.value, folder, dirname(path));
  const value = withOwnMetrics(ruleFiles.value);
  const shown = (found: readonly Problem[]) =>
    found.map((one) => shortened(hidden.censor(inRule(one, source))));
  const parsed = parseAlerts(value, substituted.missing);
  const context = { source, value, schema, hidden };
  const missing = [...substituted.missing, ...problemsOf(parsed.absent, context)];
  const issues = problemsOf(parsed.issues, context);
  const mapping = mappingOf(valueAt(value, ['audit']));
  const crossed = crossFaults({ source, value, mapping }).filter((problem) => !hidden.isFaulty(problem.path));
  const { templates, faults } = await templatesOf({ source, value, mapping, hidden });
  const list = await readPriceList(path, source, value);
  const found = shown([
    ...source.problems,
    ...problems,
    ...ruleFiles.problems,
    ...issues,
    ...crossed,
    ...faults,
    ...(sends ? missing : []),
  ]);
  const named = [...substituted.files, ...ruleFiles.files, ...(list.file === null ? [] : [list.file])];
  if (parsed.data === null || found.length + list.problems.length > 0) {
    throw new ConfigError([...found, ...list.problems.map(shortened)], named);
  }

  const absolute = resolve(path);
  return assemble(parsed.data, {
    path: absolute,
    dir: folder,
    prices: list.prices,
    templates,
    proxies: proxiesOf(env),
    watchedFiles: [absolute, ...named],
    warnings: [
      ...shown(substituted.warnings),
      ...noChannel(source, value),
      ...ineffectiveParameters(parsed.data, source, (place) => hidden.writtenAt(place)),
    ],
    advice: shown(ruleAdvice(source, value)),
    missing: shown(missing),
    unset: substituted.unset,
    channelTypes: channelTypesOf(value),
    channelTerms: channelTermsOf(value),
  });
}

function ruleAdvice(source: YamlFile, value: unknown): Problem[] {
  const rules = valueAt(value, ['rules']);
  return (Array.isArray(rules) ? rules : []).flatMap((keys: unknown, i) => {
    const advice = isRecord(keys) ? typeNamed(keys)?.advice?.(keys) : undefined;
    if (advice === undefined || advice === null) return [];
    return [source.keyFault(['rules', i, advice.key], advice.message, advice.hint)];
  });
}

/** Warns if there is no channel. Findings then show only in `check` and in the metrics. */
function noChannel(source: YamlFile, value: unknown): Problem[] {
  if (channelTypesOf(value).size > 0) return [];
  const place = source.keyFault(['rules'], 'the file has no channel, so nobody is told', 'add `channels`');
  return [{ ...place, path: ['channels'] }];
}

function channelTypesOf(value: unknown): Map<string, string> {
  const channels = valueAt(value, ['channels']);
  const named = isRecord(channels) ? Object.entries(channels) : [];
  return new Map(named.map(([name, channel]) => [name, String(valueAt(channel, ['type']))]));
}

function channelTermsOf(value: unknown): Map<string, ChannelTerms> {
  const channels = valueAt(value, ['channels']);
  const named = isRecord(channels) ? Object.entries(channels) : [];
  return new Map(
    named.map(([name, keys]) => {
      const given = isRecord(keys) ? keys : {};
      return [
        name,
        termsOf(
          given,
          channelTypes.find(({ type }) => type === given.type),
        ),
      ];
    }),
  );
}

/** The fault with the name of its rule or report, as it is written in the file. */
function inRule(problem: Problem, source: YamlFile): Problem {
  const [part, place] = problem.path;
  if ((part !== 'rules' && part !== 'reports') || typeof place !== 'number') return problem;
  const rule = source.written([part, place, 'name']);
  return rule === null || valueAt(source.value, [part, place, 'name']) === null
    ? problem
    : { ...problem, rule };
}

/** The mapping of the audit part alone; null if that part has faults. */
function mappingOf(value: unknown): Mapping | null {
  const audit = auditSchema.safeParse(value);
  return audit.success ? storeOf(audit.data).mapping : null;
}

async function readText(path: string, option: string): Promise<string> {
  const fault = (message: string, hint: string, line = 1): ConfigError =>
    new ConfigError([{ file: path, line, column: 1, path: [], message, hint }]);
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw fault('the file is larger than 1 MiB', 'is this the right file?');
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const hint = `name it with ${option}${option === '--config' ? ', or write one with spendwatch init' : ''}`;
    throw fault(`the file cannot be read (${reasonOf(error)})`, hint);
  }
  const encoding = encodingFault(bytes);
  if (encoding !== null) throw fault(encoding.message, encoding.hint, encoding.line);
  return new TextDecoder().decode(bytes);
}

async function readPriceList(path: string, source: YamlFile, value: unknown) {
  const name = valueAt(value, ['audit', 'prices']);
  const none = { file: null, prices: null, problems: [] as readonly Problem[] };
  if (typeof name !== 'string' || name === '') return none;
  const file = resolve(dirname(path), name);
  const currency = valueAt(value, ['audit', 'currency']);
  const unit = typeof currency === 'string' && isCurrency(currency) ? currency : DEFAULT_CURRENCY;
  const read = await readPrices(file, join(dirname(path), name), unit);
  if (!('unreadable' in read)) return { file, ...read };
  const message = `the price list cannot be read (${read.unreadable})`;
  const hint = 'a relative path starts at the folder of alerts.yaml';
  return { ...none, file, problems: [source.fault(['audit', 'prices'], message, hint)] };
}
