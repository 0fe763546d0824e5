// Makes a Config of a file's valid values: names resolved, defaults filled in.

import type { ChannelTerms } from '../channels/channel.ts';
import type { EnvironmentProxies } from '../channels/transport/proxy-choice.ts';
import { inCurrency } from '../model/metric.ts';
import type { PriceList } from '../model/price-list.ts';
import { type Rule, SEVERITIES, type Silence } from '../model/rule.ts';
import { Secret } from '../model/secret.ts';
import { engineOf } from '../stores/index.ts';
import { withFill } from '../templates/rule-texts.ts';
import type { Templates } from '../templates/template.ts';
import { storeOf } from './audit-schema.ts';
import { dimensionsOf } from './checks.ts';
import type { Config } from './config.ts';
import type { Problem } from './problem.ts';
import { takesReports } from './report-channels.ts';
import { reportOf } from './report-schema.ts';
import type { Alerts } from './schema.ts';

/** What the loader knows besides the file's values. */
interface Surroundings {
  readonly path: string;
  readonly dir: string;
  readonly prices: PriceList | null;
  /** Null where the file has no template. */
  readonly templates: Templates | null;
  readonly proxies: EnvironmentProxies;
  readonly watchedFiles: readonly string[];
  readonly unset: ReadonlyMap<string, string>;
  readonly warnings: readonly Problem[];
  readonly advice: readonly Problem[];
  readonly missing: readonly Problem[];
  /** The type of every channel of the file by its name, also of channels that lack a secret. */
  readonly channelTypes: ReadonlyMap<string, string>;
  readonly channelTerms: ReadonlyMap<string, ChannelTerms>;
}

/** Makes a Config of the values of a file without faults. */
export function assemble(
  alerts: Alerts,
  { prices, templates, channelTypes, channelTerms, ...file }: Surroundings,
): Config {
  const { audit } = alerts;
  const channels = new Map(
    [...channelTypes].map(([name, type]) => [name, { type, options: alerts.channels[name] ?? null }]),
  );
  // A rule without channels, in a file without default channels, must still reach somebody.
  const notify = alerts.defaults.notify ?? [...channels.keys()];
  const name = alerts.name ?? null;
  const rules = alerts.rules.map((make) => {
    const made = make({ severity: alerts.defaults.severity, notify, staleAfter: audit.stale_after });
    const rule = { ...made, metric: inCurrency(made.metric, audit.currency) };
    return templates === null ? rule : withFill(rule, templates, name);
  });
  return {
    ...file,
    name,
    timezone: alerts.timezone,
    schedule: alerts.schedule,
    audit: {
      url: audit.url,
      ...storeOf(audit),
      prices,
      currency: audit.currency,
      latenessMs: audit.lateness,
      reconcileMs: audit.reconcile,
      staleAfter: audit.stale_after,
      rollup: audit.rollup,
      statementTimeoutMs: audit.statement_timeout,
    },
    state: { url: alerts.state.url ?? (engineOf(audit.url.reveal()) === null ? null : OWN_STATE) },
    channels,
    rules,
    reports: alerts.reports.map((one) =>
      reportOf(one, {
        notify: notify.filter((channel) => takesReports(channelTypes.get(channel))),
        dimensions: dimensionsOf(storeOf(audit).mapping),
      }),
    ),
    silences: alerts.silences.map((one) => silenceOf(one, alerts.timezone)),
    incidents: {
      by: incidentDimension(alerts),
      intervalMs: alerts.incidents.interval,
      terms: channelTerms,
    },
    health: {
      notify: alerts.health.notify ?? channelsOf(rules),
      blindAfter: alerts.health.blind_after,
      unpriced: alerts.health.unpriced,
    },
    heartbeat: alerts.heartbeat === undefined ? null : { proxy: null, ...alerts.heartbeat },
    http: alerts.http.listen,
    apiToken: alerts.http.token ?? null,
  };
}

/** Where the state is when the audit store cannot hold it. */
const OWN_STATE = new Secret('pglite:./spendwatch-state');

const USUAL_SUBJECTS = ['service', 'model', 'user'];

/** The dimension that incidents are about; null for a table that has none that would do. */
function incidentDimension({ audit, incidents }: Alerts): string | null {
  const has = dimensionsOf(storeOf(audit).mapping);
  const wanted = [...(incidents.by === undefined ? [] : [incidents.by]), ...USUAL_SUBJECTS];
  return wanted.find((name) => has.includes(name)) ?? null;
}

/** Every channel that an enabled rule names, in the order of the file. */
function channelsOf(rules: readonly Rule[]): string[] {
  const enabled = rules.filter((rule) => rule.enabled);
  return [...new Set(enabled.flatMap(({ notify }) => SEVERITIES.flatMap((severity) => notify[severity])))];
}

function silenceOf({ match, times, reason }: Alerts['silences'][number], zone: string): Silence {
  const { rule, incident, ...dimensions } = match;
  return {
    rule: rule ?? null,
    incident: incident ?? null,
    match: dimensions,
    times: 'every' in times ? { ...times, zone } : times,
    reason,
  };
}
