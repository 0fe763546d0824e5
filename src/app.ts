// Composition root: Config -> opened parts, closed last in, first out.

import type { Channel } from './channels/channel.ts';
import { channelTypes } from './channels/index.ts';
import { ofInstallation } from './channels/installation.ts';
import { unconfigured } from './channels/unconfigured.ts';
import { dimensionsOf as mappedDimensions } from './config/checks.ts';
import type { Config } from './config/config.ts';
import { fileId } from './config/file-id.ts';
import { placeholdersOf } from './config/placeholders.ts';
import { type CronSchedule, cronSchedule } from './model/cron-schedule.ts';
import { AppError } from './model/errors.ts';
import { ruleFingerprints } from './model/fingerprint.ts';
import type { Dimension } from './model/series.ts';
import type { PollParts } from './pipeline/parts.ts';
import { ruleTypeOf } from './rules/index.ts';
import { openSql } from './sql/open.ts';
import type { Sql, SqlOptions } from './sql/port.ts';
import { openState, type State } from './state/open.ts';
import type { RuleFile } from './state/removed-rules.ts';
import type { AuditStore } from './stores/audit-store.ts';
import { engineOf } from './stores/index.ts';

/** The parts of one configuration, opened. */
export interface App {
  readonly config: Config;
  readonly schedule: CronSchedule;
  readonly store: AuditStore;
  /** The audit store's connection through the SQL port; null for an engine with a driver of its own. */
  readonly auditSql: Sql | null;
  readonly dimensions: ReadonlySet<Dimension>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly fingerprints: ReadonlyMap<string, string>;
  /** The worker's clock, ms. */
  readonly now: () => number;
  /** The state store with its schema up to date; asked again after it could not be reached. */
  state(): Promise<State>;
  /** What a poll of the enabled rules works with; it asks the store directly. */
  pollParts(): Promise<PollParts>;
  /** Closes what was opened, the last first. */
  close(): Promise<void>;
}

/** How the embedded database in a folder is opened. */
export type FolderOptions = Pick<
  SqlOptions,
  'mustExist' | 'serve' | 'throughWorker' | 'onlyThroughWorker' | 'waitMs'
>;

/** Opens the audit store alone, for `check`, `import` and `init`. With `mustExist`, no embedded store is created. */
export async function openAudit(
  config: Config,
  folder: FolderOptions = {},
): Promise<{ sql: Sql | null; store: AuditStore }> {
  const { url, store: type, storeOptions, prices, statementTimeoutMs } = config.audit;
  const engine = engineOf(url.reveal());
  if (engine !== null) {
    const place = { baseDir: config.dir, statementTimeoutMs };
    return { sql: null, store: engine.open(url.reveal(), place, storeOptions, prices) };
  }
  try {
    const sql = await openSql(url.reveal(), { ...folder, baseDir: config.dir, statementTimeoutMs });
    return { sql, store: type.open(sql, storeOptions, prices) };
  } catch (error) {
    throw error instanceof AppError && error.code === 'store_missing' ? noCalls(config, error) : error;
  }
}

/** Opens the state store alone, for commands that read or change it. The schema may be missing or of another version. */
export async function openStateSql(config: Config, folder: FolderOptions = {}): Promise<Sql> {
  const url = config.state.url ?? config.audit.url;
  try {
    return await openSql(url.reveal(), { ...folder, baseDir: config.dir });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'store_missing') throw error;
    const variable = config.unset.get(config.state.url === null ? 'audit.url' : 'state.url');
    const unset = variable === undefined ? '' : `${variable} is not set, and `;
    throw new AppError('store_missing', `no worker has kept its state here: ${unset}${error.message}`, {
      hint: `set ${variable ?? 'the URL of the file'} to the database that the worker uses, or start a worker`,
      cause: error,
    });
  }
}

/** There is no embedded store. More likely a variable was forgotten, so that is said first. */
function noCalls(config: Config, cause: AppError): AppError {
  const variable = config.unset.get('audit.url');
  const make =
    'fill this one with spendwatch import FILE, or make its table with spendwatch init --create-table';
  return variable === undefined
    ? new AppError('store_missing', `there are no calls to read: ${cause.message}`, {
        hint: `${make}; or set audit.url to the database that has your calls`,
        cause,
      })
    : new AppError(
        'store_missing',
        `there are no calls to read: ${variable} is not set, and ${cause.message}`,
        {
          hint: `set ${variable} to the database that has your calls; or ${make}; spendwatch demo has calls of its own`,
          cause,
        },
      );
}

/** The dimensions that rules of a configuration can group by. */
export function dimensionsOf({ audit: { mapping } }: Config): ReadonlySet<Dimension> {
  return new Set(mappedDimensions(mapping));
}

/** Opens one channel of the file. Throws AppError `channel_unknown` for a name that the file lacks. */
export async function openChannel(config: Config, name: string): Promise<Channel> {
  const found = config.channels.get(name);
  const type = channelTypes.find((one) => one.type === found?.type);
  if (found === undefined || type === undefined) {
    const names = [...config.channels.keys()].join(', ');
    throw new AppError('channel_unknown', `there is no channel ${name} in ${config.path}`, {
      hint: `its channels are: ${names}`,
    });
  }
  if (found.options === null) {
    throw new AppError('channel_incomplete', `the channel ${name} lacks a secret`);
  }
  return ofInstallation(await type.open(name, found.options, config.proxies), config.name);
}

/**
 * Opens all parts of a configuration. Servers are reached when they are first needed, so a worker starts while a
 * database is away. With `mustExist`, no embedded audit store is created. When a part cannot be opened, those before it are closed
 * again and the fault is thrown.
 */
export async function openApp(
  config: Config,
  { mustExist, now = Date.now, ...folder }: FolderOptions & { readonly now?: () => number } = {},
): Promise<App> {
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const { sql: auditSql, store } = await openAudit(config, { ...folder, ...(mustExist && { mustExist }) });
    opened.push(() => store.close());
    const stateSql = await openStateSql(config, folder);
    opened.push(() => stateSql.close());
    const channels = new Map<string, Channel>();
    const placeholders = new Map(placeholdersOf(config).map((one) => [one.channel, one]));
    for (const name of config.channels.keys()) {
      const channel = await openChannel(config, name);
      opened.push(() => channel.close());
      const found = placeholders.get(name);
      channels.set(
        name,
        found === undefined ? channel : unconfigured(channel, `${found.message} (${found.hint})`),
      );
    }
    return appOf(config, {
      auditSql,
      store,
      channels,
      now,
      state: once(() => openState(stateSql)),
      close: closeAll,
    });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What the state store knows the rules by, by their names. */
export function fingerprintsOf({ rules }: Config): ReadonlyMap<string, string> {
  return ruleFingerprints(
    rules.map((rule) => ({ name: rule.name, identity: ruleTypeOf(rule).identity(rule) })),
  );
}

/** What the state store knows a file by. */
export function ruleFileOf(config: Config, fingerprints = fingerprintsOf(config)): RuleFile {
  const rules = config.rules.filter((rule) => rule.enabled);
  return { id: fileId(config), fingerprints: rules.map(({ name }) => fingerprints.get(name) as string) };
}

function appOf(
  config: Config,
  parts: Pick<App, 'auditSql' | 'store' | 'channels' | 'now' | 'state' | 'close'>,
): App {
  const schedule = cronSchedule(config.schedule, config.timezone);
  const dimensions = dimensionsOf(config);
  const fingerprints = fingerprintsOf(config);
  const rules = config.rules.filter((rule) => rule.enabled);
  const file = ruleFileOf(config, fingerprints);
  return {
    ...parts,
    config,
    schedule,
    dimensions,
    fingerprints,
    pollParts: async () => ({
      store: parts.store,
      source: parts.store,
      dimensions,
      hasPrices: config.audit.prices !== null,
      state: await parts.state(),
      rules,
      file,
      fingerprints,
      silences: config.silences,
      zone: config.timezone,
      schedule,
      channels: parts.channels,
      incidents: config.incidents,
    }),
  };
}

/** Opens at the first call and keeps the result; a failure is forgotten, so that the next call tries again. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | null = null;
  return () => {
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
}
