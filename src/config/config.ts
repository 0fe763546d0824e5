// The configuration as the program uses it.

import type { ChannelTerms } from '../channels/channel.ts';
import type { EnvironmentProxies } from '../channels/transport/proxy-choice.ts';
import type { PriceList } from '../model/price-list.ts';
import type { ReportConfig } from '../model/report.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Secret } from '../model/secret.ts';
import type { Dimension } from '../model/series.ts';
import type { AuditStoreType, Mapping } from '../stores/audit-store.ts';
import type { TableOptions } from '../stores/options.ts';
import type { Listen } from './listen.ts';
import type { Problem } from './problem.ts';

/** alerts.yaml as the program uses it: durations in ms, names resolved, every default filled in. */
export interface Config {
  /** The file, absolute. */
  readonly path: string;
  /** Its folder, where relative paths start. */
  readonly dir: string;
  /** Which installation this is; null where the file does not say. */
  readonly name: string | null;
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
  /** In the order of the file. */
  readonly reports: readonly ReportConfig[];
  readonly silences: readonly Silence[];
  readonly health: HealthConfig;
  /** Gets a GET request after each good poll. */
  readonly incidents: {
    /** The dimension whose values incidents are about; null where the table has none that would do. */
    readonly by: Dimension | null;
    /** How long alerts that join an open incident are gathered, ms. */
    readonly intervalMs: number;
    /** How each channel wants to be told, by its name. */
    readonly terms: ReadonlyMap<string, ChannelTerms>;
  };
  readonly heartbeat: { readonly url: Secret; readonly proxy: Secret | null } | null;
  /** The proxies of the environment, for channels and a heartbeat that name none. */
  readonly proxies: EnvironmentProxies;
  /** Null serves no HTTP. */
  readonly http: Listen | null;
  /** What programs show to read the API; null opens it on loopback alone. */
  readonly apiToken: Secret | null;
  /** About what is valid, but probably not meant. */
  readonly warnings: readonly Problem[];
  /** What would be better in a file without faults. */
  readonly advice: readonly Problem[];
  /** About secrets that channels, heartbeat or API lack. Only a command that sends nothing gets such a configuration. */
  readonly missing: readonly Problem[];
  /** Absolute paths whose change means a reload: the file itself, secret files, the price list. */
  readonly watchedFiles: readonly string[];
  /** By key (`audit.url`), the variable that is not set, so that its default is used. */
  readonly unset: ReadonlyMap<string, string>;
}

export interface AuditConfig {
  readonly url: Secret;
  readonly store: AuditStoreType<TableOptions>;
  /** What `store.open` takes. */
  readonly storeOptions: TableOptions;
  readonly mapping: Mapping;
  readonly prices: PriceList | null;
  /** The ISO 4217 code of the unit in which costs are recorded. */
  readonly currency: string;
  readonly latenessMs: number;
  readonly reconcileMs: number;
  /** In ms: an older newest row is an outage. */
  readonly staleAfter: 'auto' | 'off' | number;
  readonly rollup: 'on' | 'off';
  readonly statementTimeoutMs: number;
}

export interface ChannelConfig {
  readonly type: string;
  /** What the channel type's `open` takes; null if a secret is missing. */
  readonly options: { readonly type: string } | null;
}

export interface HealthConfig {
  /** The channels that are told when spendwatch cannot see. */
  readonly notify: readonly string[];
  /** So many failed polls in a row are an outage. */
  readonly blindAfter: number;
  /** Whether these channels are told of calls without a price. */
  readonly unpriced: 'on' | 'off';
}
