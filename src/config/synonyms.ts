// What other tools call the keys and values of alerts.yaml.

import { describeMetric, METRICS } from '../model/metric.ts';

/** What people call things elsewhere, by what they are called in alerts.yaml. Metrics bring their own. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(METRICS.map((metric) => [metric, describeMetric(metric).alsoCalled ?? []])),
  critical: ['crit', 'high', 'error', 'fatal', 'page', 'emergency'],
  warning: ['warn', 'medium'],
  info: ['low', 'notice', 'information'],
  '>=': ['gte', 'ge', '=>', 'at_least', 'above'],
  '>': ['gt'],
  '<=': ['lte', 'le', '=<', 'at_most', 'below'],
  '<': ['lt'],
  threshold: ['limit', 'value', 'max', 'bound'],
  thresholds: ['limits'],
  notify: ['channel', 'channels', 'receivers', 'receiver', 'contact_points'],
  where: ['filter', 'filters', 'match', 'labels', 'if'],
  group_by: ['by', 'groupby', 'dimensions', 'dimension', 'per'],
  window: ['interval', 'range', 'period', 'timeframe'],
  message: ['description', 'summary', 'annotation', 'text'],
  token: ['bot_token', 'api_token', 'slack_token'],
  webhook_url: ['webhook', 'incoming_webhook', 'url'],
  url: ['dsn', 'database_url', 'connection', 'connection_string', 'endpoint', 'webhook_url'],
  to: ['recipients', 'recipient', 'email', 'emails', 'address', 'addresses'],
  host: ['server', 'smtp_server', 'smtp_host', 'hostname'],
  user: ['username', 'login'],
  channels: ['receivers', 'notifiers', 'contact_points', 'notifications'],
  rules: ['alerts', 'rule', 'groups'],
  schedule: ['cron', 'interval', 'poll'],
  audit: ['database', 'store', 'source', 'datasource', 'db'],
  slack: ['slackbot', 'slack_webhook'],
  email: ['mail', 'smtp'],
  webhook: ['http', 'hook', 'url'],
  type: ['kind'],
  from: ['since', 'start', 'starts_at', 'begin', 'sender'],
  until: ['till', 'to', 'end', 'ends_at'],
};

/** The candidate that other tools call `word`, or null. */
export function synonym(word: string, candidates: readonly string[]): string | null {
  const known = word.toLowerCase().replaceAll('-', '_');
  return candidates.find((candidate) => SYNONYMS[candidate]?.includes(known)) ?? null;
}
