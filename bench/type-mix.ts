import type { Dimension, RuleKeys } from './rules.ts';

/** High enough that rules are quiet, as rules are in most polls. */
const MUCH = 1e9;

/** Rules by type: their own keys, and the groups that each of them has. */
const RULES: readonly (readonly [keys: RuleKeys, groups: readonly (readonly Dimension[])[]])[] = [
  [{ type: 'anomaly', metric: 'spend' }, [[], ['service'], ['model'], ['user'], ['service', 'model']]],
  [{ type: 'anomaly', metric: 'calls' }, [[], ['service'], ['model'], ['service', 'model']]],
  [{ type: 'anomaly', metric: 'tokens' }, [['service']]],
  [{ ...changes('1h', 'day'), metric: 'spend' }, [[], ['service'], ['model']]],
  [{ ...changes('24h', 'week'), metric: 'spend' }, [['service'], ['model'], ['user']]],
  [{ ...changes('today', 'month'), metric: 'calls' }, [[], ['service']]],
  [{ ...changes('1h', 'previous'), metric: 'error_rate' }, [['service']]],
  [{ type: 'share', metric: 'spend', window: '1h', threshold: '100%' }, [['service'], ['model'], ['user']]],
  [{ type: 'share', metric: 'spend', window: '24h', threshold: '100%' }, [['service'], ['user']]],
  [{ type: 'share', metric: 'calls', window: 'today', threshold: '100%' }, [['service']]],
  [{ type: 'absence', window: '1h' }, [[], ['service'], ['model']]],
  [{ type: 'absence', window: '6h' }, [['service'], ['service', 'model']]],
  [{ type: 'absence', window: '24h' }, [['user']]],
  [{ type: 'new_value', dimension: 'model', min_spend: MUCH }, [[]]],
  [{ type: 'new_value', dimension: 'service', min_spend: MUCH }, [[]]],
  [{ type: 'new_value', dimension: 'user', min_spend: MUCH }, [[]]],
  [{ type: 'budget', period: 'month', amount: MUCH, forecast: 'warning' }, [[], ['service'], ['user']]],
  [{ type: 'budget', period: 'quarter', amount: MUCH, forecast: 'warning' }, [[], ['service']]],
  [{ type: 'budget', period: 'week', amount: MUCH }, [['service'], ['model']]],
  [{ type: 'budget', period: 'day', amount: MUCH }, [['service'], ['user']]],
  [limit('tokens_p95'), [['service'], ['model']]],
  [limit('cost_p99'), [['service'], ['model']]],
  [limit('repeated_spend'), [['service']]],
  [limit('wasted_spend'), [['service'], ['user']]],
];

/** 50 rules of every type, with and without groups; some by 2,000 users. */
export function typeMix(): RuleKeys[] {
  return RULES.flatMap(([keys, groups]) =>
    groups.map((groupBy) => (groupBy.length === 0 ? keys : { ...keys, group_by: groupBy })),
  ).map((keys, i) => ({ name: `${i + 1} ${keys.type}`, ...keys }));
}

function changes(window: string, against: string): RuleKeys {
  return { type: 'change', window, against, ratio: MUCH };
}

function limit(metric: string): RuleKeys {
  return { type: 'threshold', metric, window: '1h', threshold: MUCH };
}
