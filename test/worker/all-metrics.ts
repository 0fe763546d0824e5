import { observedHere } from '../../src/model/observed.ts';
import { openMetrics } from '../../src/worker/metrics/metrics.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

/** What /metrics answers after a poll, with dimensions whose names are hard to make labels of. */
export async function allMetrics(): Promise<string> {
  const metrics = openMetrics('1.2.3');
  const dimensions = ['service', 'teamId', 'rule', 'le', 'quantile', 'cost-centre', '2nd'];
  const rule = ruleOf('threshold', { name: 'burn', group_by: dimensions, threshold: 1 });
  metrics.useRules([rule]);
  const value = { fixed: 1n, number: 1, calls: 1 };
  const one = { key: dimensions, value, window: { from: 0, to: 1 }, badness: 1n };
  const latest = { status: 'ok' as const, observed: observedHere([one]), firing: [] };
  const report = { at: 1, newestRow: 1, rowsRead: 1, queued: [], error: null };
  metrics.polled({ ...report, rules: [{ rule, latest, evaluations: [], verdicts: [], error: null }] }, 0.2);
  metrics.queued(new Map([['oncall', 1]]));
  return (await metrics.exposition()).text;
}
