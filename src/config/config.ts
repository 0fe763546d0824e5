// Config: alerts.yaml as the program uses it.

import type { EnvironmentProxies } from '../channels/transport/proxy-choice.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Secret } from '../model/secret.ts';
import type { AuditStoreType, Mapping, PriceList } from '../stores/audit-store.ts';
import type { TableOptions } from '../stores/options.ts';
import type { Listen } from './listen.ts';
import type { Problem } from './problem.ts';

/** alerts.yaml as the program uses it: durations in ms, names resolved, every default filled in. */
export interface Config {
  /** The file, absolute. */
  readonly path: string;
  /** Its folder, where relative paths start. */
  readonly dir: string;
  /** An IANA name. */
  readonly timezone: string;
  /** A cron expression in `timezone`, of five or six fields. */
  readonly schedule: string;
  readonly audit: AuditConfig;
  /** Null keeps the state in the audit database. */
  readonly state: { readonly url: Secret | null };
  readonly channels: ReadonlyMap<string, ChannelConfig>;
  /** In the order of the file, disabled ones too. */
  readonly rules: readonly Rule[];
  readonly silences: readonly Silence[];
  readonly health: HealthConfig;
  /** Asked with GET after each good poll. */
  readonly heartbeat: { readonly url: Secret; readonly proxy: Secret | null } | null;
  /** The environment's, for channels and a heartbeat that name none. */
  readonly proxies: EnvironmentProxies;
  /** Null serves no HTTP. */
  readonly http: Listen | null;
  /** What is valid, but most likely not meant. */
  readonly warnings: readonly Problem[];
  /** What channels need and is not here: only a command that sends nothing gets such a configuration. */
  readonly missing: readonly Problem[];
  /** Absolute paths whose change means a reload: the file itself, secret files, the price list. */
  readonly watchedFiles: readonly string[];
  /** The environment variable that is not set, by the key (`audit.url`) for which its default counts. */
  readonly unset: ReadonlyMap<string, string>;
}

export interface AuditConfig {
  readonly url: Secret;
  readonly store: AuditStoreType<TableOptions>;
  /** What `store.open` takes. */
  readonly storeOptions: TableOptions;
  readonly mapping: Mapping;
  readonly prices: PriceList | null;
  readonly latenessMs: number;
  readonly reconcileMs: number;
  /** The age in ms of the newest row from which on the store counts as not seen. */
  readonly staleAfter: 'auto' | 'off' | number;
  readonly rollup: 'on' | 'off';
  readonly statementTimeoutMs: number;
}

export interface ChannelConfig {
  readonly type: string;
  /** What the channel type's `open` takes; null where a part of it is not here. */
  readonly options: { readonly type: string } | null;
}

export interface HealthConfig {
  /** Channels that are told when spendwatch cannot see. */
  readonly notify: readonly string[];
  /** Failed polls in a row that count as blind. */
  readonly blindAfter: number;
  /** Whether they are told of calls without a price. */
  readonly unpriced: 'on' | 'off';
}
