import { stringify } from 'yaml';

/** A rule of the mix, in the words of alerts.yaml; written both as configuration and as a statement of its own. */
export interface BenchRule {
  readonly name: string;
  readonly type: 'threshold' | 'anomaly';
  readonly metric: BenchMetric;
  readonly window: string;
  readonly groupBy: readonly Dimension[];
  readonly where?: Readonly<Partial<Record<Dimension, string>>>;
  readonly for?: string;
  readonly threshold?: number;
  readonly baselineDays?: number;
  readonly minChange?: number;
  readonly method?: 'zscore' | 'robust';
}

export type Dimension = 'service' | 'model' | 'user';
export type BenchMetric =
  | 'spend'
  | 'calls'
  | 'tokens'
  | 'errors'
  | 'error_rate'
  | 'wasted_spend'
  | 'unpriced_calls'
  | 'latency_avg'
  | 'latency_p95'
  | 'cost_per_call'
  | 'tokens_per_call';

/** High enough that rules are quiet, as rules are in most polls. */
const QUIET: Readonly<Record<BenchMetric, number>> = {
  spend: 1e7,
  calls: 1e9,
  tokens: 1e13,
  errors: 1e9,
  error_rate: 0.99,
  wasted_spend: 1e6,
  unpriced_calls: 1e9,
  latency_avg: 1e7,
  latency_p95: 1e7,
  cost_per_call: 1e5,
  tokens_per_call: 1e7,
};

/** Limits by metric, windows and groups; each window and each grouping is a rule. */
const LIMITS: readonly (readonly [BenchMetric, windows: string, groupBy: readonly Dimension[]])[] = [
  ['spend', '1h 6h 24h 7d 30d today this_month', ['service']],
  ['spend', '1h 24h 7d 30d', ['model']],
  ['spend', '1h 24h 7d 30d', ['user']],
  ['spend', '1h today this_month', []],
  ['spend', '1h 24h', ['service', 'model']],
  ['calls', '1h 24h', ['service']],
  ['calls', '1h', ['user']],
  ['tokens', '24h', ['model']],
  ['tokens', '7d', ['user']],
  ['errors', '1h', ['service']],
  ['error_rate', '15m 1h', ['service']],
  ['error_rate', '1h', ['service', 'model']],
  ['wasted_spend', '24h', ['service']],
  ['unpriced_calls', 'yesterday', ['model']],
  ['latency_p95', '1h', ['service']],
  ['latency_p95', '1h', ['model']],
  ['latency_avg', '1h', ['service']],
  ['cost_per_call', '24h', ['service']],
  ['tokens_per_call', '24h', ['model']],
];

const ANOMALIES: readonly (readonly [BenchMetric, windows: string, groupBy: readonly Dimension[]])[] = [
  ['spend', '6h 24h today', ['service']],
  ['spend', '6h', ['model']],
  ['spend', 'today', []],
  ['calls', '6h', ['service']],
  ['error_rate', '6h', ['service']],
];

/** The 50 rules that a company with 12 services might have. */
export function ruleMix(): BenchRule[] {
  const limits = LIMITS.flatMap(([metric, windows, groupBy]) =>
    windows.split(' ').map((window) => limit(metric, window, groupBy)),
  );
  const anomalies = ANOMALIES.flatMap(([metric, windows, groupBy]) =>
    windows.split(' ').map((window) => anomaly(metric, window, groupBy, 28)),
  );
  const filtered: BenchRule[] = [
    { ...limit('spend', '1h', ['user']), where: { service: 'service-03' } },
    { ...limit('spend', '24h', []), where: { service: 'service-00' } },
    { ...limit('latency_p95', '1h', []), where: { service: 'service-01' } },
  ];
  const held: BenchRule[] = [
    { ...limit('spend', '15m', ['service']), for: '30m' },
    // These two fire at every poll, and so are said once a day and looked back on each minute.
    { ...limit('calls', '15m', ['service']), for: '30m', threshold: 1 },
    { ...limit('calls', '24h', []), threshold: 1 },
  ];
  const seasonal = { ...anomaly('spend', '24h', ['service'], 90), method: 'zscore' as const };
  return [...limits, ...anomalies, ...filtered, ...held, seasonal].map(named);
}

/** Baselines of 90 days, as many by user as most tables have groups: metric, windows, groups. */
const BASELINES: readonly (readonly [BenchMetric, windows: string, groupBy: readonly Dimension[]])[] = [
  ['spend', '24h 6h today', ['user']],
  ['calls', '24h', ['user']],
  ['spend', '6h today', ['service']],
  ['tokens', '24h', ['service']],
  ['spend', '24h today', ['model']],
  ['error_rate', '24h', ['model']],
];

/**
 * 50 rules of which ten have a baseline of 90 days, by user, by service or by model: the mix, with these in the place of its
 * anomalies and two of its limits. `groupBy` gives all ten the same groups.
 */
export function baselineMix(groupBy?: readonly Dimension[]): BenchRule[] {
  const baselines = BASELINES.flatMap(([metric, windows, own]) =>
    windows.split(' ').map((window) => anomaly(metric, window, groupBy ?? own, 90)),
  );
  const limits = ruleMix().filter(({ type }) => type === 'threshold');
  return [...limits.slice(limits.length + baselines.length - 50), ...baselines].map(named);
}

/** The mix over and over: for one service after the other, then with other limits. */
export function manyRules(count: number): BenchRule[] {
  const mix = ruleMix();
  const rounds = Array.from({ length: Math.ceil(count / mix.length) }, (_, round) =>
    mix.map((rule): BenchRule => {
      if (round === 0) return rule;
      if (round <= 12)
        return { ...rule, where: { service: `service-${String(round - 1).padStart(2, '0')}` } };
      return rule.threshold === undefined ? rule : { ...rule, threshold: rule.threshold + round };
    }),
  );
  return rounds.flat().slice(0, count).map(named);
}

/** Whether polls are answered from cells that are kept, or by the store directly. */
export type Rollup = 'on' | 'off';

/** A rule as written in alerts.yaml. */
export type RuleKeys = Readonly<Record<string, unknown>>;

export function keysOf(rules: readonly BenchRule[]): RuleKeys[] {
  return rules.map(({ groupBy, baselineDays, minChange, ...rule }) => ({
    ...rule,
    group_by: groupBy,
    ...(baselineDays === undefined ? {} : { baseline: `${baselineDays}d`, min_change: minChange }),
  }));
}

/** alerts.yaml with these rules; its one channel is rendered for and never sent to. */
export function alertsYaml(
  rules: readonly RuleKeys[],
  urls: { readonly audit: string; readonly state: string },
  rollup: Rollup,
): string {
  return stringify({
    version: 1,
    audit: { url: urls.audit, preset: 'api_audit_logs', rollup, statement_timeout: '30m' },
    state: { url: urls.state },
    defaults: { notify: ['nobody'] },
    channels: {
      nobody: { type: 'webhook', url: 'http://127.0.0.1:9/', secret: 'a secret that signs nothing' },
    },
    rules,
    http: { listen: 'off' },
  });
}

function limit(metric: BenchMetric, window: string, groupBy: readonly Dimension[]): BenchRule {
  return { name: '', type: 'threshold', metric, window, groupBy, threshold: QUIET[metric] };
}

function anomaly(
  metric: BenchMetric,
  window: string,
  groupBy: readonly Dimension[],
  baselineDays: number,
): BenchRule {
  const minChange = QUIET[metric];
  return { name: '', type: 'anomaly', metric, window, groupBy, baselineDays, minChange, method: 'robust' };
}

function named(rule: BenchRule, index: number): BenchRule {
  return {
    ...rule,
    name: `${index + 1} ${rule.metric} ${rule.window} by ${rule.groupBy.join('+') || 'nothing'}`,
  };
}
