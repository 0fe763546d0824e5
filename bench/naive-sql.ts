import { parseWindow, windowAt } from '../src/model/window.ts';
import { FLOOR_MARK } from './measure.ts';
import type { BenchMetric, BenchRule, Dimension } from './rules.ts';

/** A statement and its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

const COLUMNS: Readonly<Record<Dimension, string>> = {
  service: 'service_name',
  model: 'model',
  user: 'user_id',
};
const TOKENS = 'input_tokens + COALESCE(actual_output_tokens, 0)';
const FAILED = 'status_code NOT BETWEEN 200 AND 399';

const METRICS: Readonly<Record<BenchMetric, string>> = {
  spend: 'sum(cost_usd)',
  calls: 'count(*)',
  tokens: `sum(${TOKENS})`,
  errors: `count(*) FILTER (WHERE ${FAILED})`,
  error_rate: `avg((${FAILED})::integer)`,
  wasted_spend: `sum(cost_usd) FILTER (WHERE ${FAILED})`,
  unpriced_calls: 'count(*) FILTER (WHERE cost_usd IS NULL)',
  latency_avg: 'avg(latency_ms)',
  latency_p95: 'percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms)',
  cost_per_call: 'avg(cost_usd)',
  tokens_per_call: `avg(${TOKENS})`,
};

/**
 * What somebody would write who watches the table with one statement per rule: the window's rows grouped, or for an
 * anomaly all rows back to the oldest period, with the value of each day's window and of each whole day. In its
 * favour: a `for` asks about the newest instant alone, and nothing is evaluated.
 */
export function naiveStatement(rule: BenchRule, at: number): Statement {
  const spec = parseWindow(rule.window);
  if (spec === null) throw new RangeError(`${rule.window} is no window`);
  const window = windowAt(spec, at, 'UTC');
  return rule.baselineDays === undefined
    ? windowStatement(rule, window.from, window.to)
    : baselineStatement(rule, (window.to - window.from) / 1000, rule.baselineDays, at);
}

/** The floor under every poll: the newest quarter of an hour once, by everything that rules ask for. */
export function floorStatement(at: number): Statement {
  const text = `SELECT service_name, model, user_id, count(*), sum(cost_usd), sum(input_tokens), sum(actual_output_tokens)
    FROM api_audit_logs AS ${FLOOR_MARK} WHERE request_timestamp >= $1 AND request_timestamp < $2 GROUP BY 1, 2, 3`;
  return { text, values: [new Date(at - 15 * 60_000), new Date(at)] };
}

/** The table read and grouped once, by the hour and everything that rules ask for. */
export function scanStatement(): Statement {
  const text = `SELECT count(*) FROM (
    SELECT service_name, model, user_id, date_bin('1 hour', request_timestamp, '2000-01-01') AS hour, count(*), sum(cost_usd),
      sum(input_tokens), sum(actual_output_tokens)
    FROM api_audit_logs GROUP BY 1, 2, 3, 4) AS cells`;
  return { text, values: [] };
}

function windowStatement(rule: BenchRule, from: number, to: number): Statement {
  const keys = rule.groupBy.map((dimension) => COLUMNS[dimension]);
  const text = `SELECT ${[...keys, METRICS[rule.metric]].join(', ')} FROM api_audit_logs
    WHERE request_timestamp >= $1 AND request_timestamp < $2${filterOf(rule)}${groupByOf(keys)}`;
  return { text, values: [new Date(from), new Date(to)] };
}

function baselineStatement(rule: BenchRule, seconds: number, days: number, at: number): Statement {
  const day = 'ceil(age / 86400) - 1';
  const keys = [...rule.groupBy.map((dimension) => COLUMNS[dimension]), day];
  const value = METRICS[rule.metric];
  const text = `SELECT ${keys.join(', ')}, ${value} FILTER (WHERE age - 86400 * (${day}) <= $2) AS value, ${value} AS whole_day
    FROM (
      SELECT *, extract(epoch FROM $1::timestamptz - request_timestamp) AS age FROM api_audit_logs
      WHERE request_timestamp >= $1::timestamptz - $3::integer * interval '1 day' AND request_timestamp < $1${filterOf(rule)}
    ) AS aged${groupByOf(keys)}`;
  return { text, values: [new Date(at), seconds, days + 1] };
}

function filterOf({ where }: BenchRule): string {
  return Object.entries(where ?? {})
    .map(([dimension, value]) => ` AND ${COLUMNS[dimension as Dimension]} = '${value}'`)
    .join('');
}

function groupByOf(keys: readonly string[]): string {
  return keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
}
