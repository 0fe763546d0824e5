import { describe, expect, it } from 'vitest';
import { HEALTH_NOTES } from '../../src/worker/health-notes/index.ts';
import { CATALOGUE } from '../../src/worker/metrics/catalogue.ts';
import { allMetrics } from '../worker/all-metrics.ts';
import { DASHBOARD, EXPRESSIONS, type Panel, QUERIES, TEXT, VARIABLES } from './dashboard.ts';
import { namesIn } from './names-in.ts';

const { panels } = DASHBOARD;

describe('the names in an expression', () => {
  it('are those of metrics and labels, not functions, keywords, durations or texts', () => {
    const expr =
      'a_total{job=~"b{c}",x!="y"} / on (rule) group_left (z) sum by (le, q) (rate(d:e[5m] offset 1h)) > bool 1e3 or f';
    expect(namesIn(expr)).toEqual({
      metrics: ['a_total', 'd:e', 'f'],
      labels: ['job', 'x', 'rule', 'z', 'le', 'q'],
    });
  });
});

describe('the dashboard for Grafana', () => {
  it('asks Prometheus for metrics that /metrics has', async () => {
    const exported = [...(await allMetrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    const unknown = EXPRESSIONS.map(({ title, expr }) => ({ title, asked: namesIn(expr).metrics })).filter(
      ({ asked }) => asked.length === 0 || asked.some((name) => !exported.includes(name)),
    );
    expect(EXPRESSIONS.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });

  it('shows every metric that a worker has', () => {
    const asked = new Set(EXPRESSIONS.flatMap(({ expr }) => namesIn(expr).metrics));
    const names = [...CATALOGUE.map(({ name }) => name), ...HEALTH_NOTES.map(({ gauge }) => gauge.name)];
    // The panel of alerts.yaml shows what came of the last reload.
    const shown = ['spendwatch_config_reloads_total'];
    expect(names.filter((name) => ![name, `${name}_bucket`].some((one) => asked.has(one)))).toEqual(shown);
  });

  it('groups by labels that those metrics have', () => {
    const known = new Set([
      ...['job', 'instance', 'pod', 'le', 'rule', 'owner'],
      ...CATALOGUE.flatMap(({ labels = [] }) => labels),
      ...HEALTH_NOTES.flatMap(({ gauge }) => gauge.labelNames),
    ]);
    const asked = EXPRESSIONS.flatMap(({ expr }) => namesIn(expr).labels);
    const legends = QUERIES.flatMap(({ legendFormat = '' }) =>
      [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    );
    expect([...asked, ...legends].filter((label) => !known.has(label))).toEqual([]);
  });

  it('has panels with ids of their own, within the grid, and none over another', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const outside = panels.filter(
      ({ gridPos: { x, y, w, h } }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > 24,
    );
    expect(outside).toEqual([]);
    const pairs = panels.flatMap((a, i) => panels.slice(i + 1).map((b) => [a, b] as const));
    const over = pairs.filter(([a, b]) => overlap(a, b)).map(([a, b]) => [a.title, b.title]);
    expect(over).toEqual([]);
  });

  it('names datasources by its variables alone, in panels, queries and variables', () => {
    const sources = VARIABLES.filter(({ type }) => type === 'datasource');
    const named = Object.fromEntries(sources.map(({ name, query }) => [`\${${name}}`, query]));
    const withData = panels.filter(({ type }) => type !== 'row');
    const used = [
      ...withData.map(({ datasource }) => datasource),
      ...QUERIES.map(({ datasource }) => datasource),
      ...VARIABLES.filter(({ type }) => type === 'query').map(({ datasource }) => datasource),
    ];
    expect(used.filter((source) => source === undefined || named[source.uid] !== source.type)).toEqual([]);
    expect(TEXT.match(/"uid": "[^"]*"/g)?.filter((uid) => !uid.includes('${'))).toEqual([
      '"uid": "spendwatch"',
    ]);
    expect(withData.filter(({ targets = [] }) => targets.length === 0)).toEqual([]);
  });

  it('has queries of one datasource in each panel, each with a name of its own', () => {
    for (const { title, datasource, targets = [] } of panels) {
      const refs = targets.map(({ refId }) => refId);
      expect(new Set(refs).size, title).toBe(refs.length);
      for (const target of targets) {
        expect(target.datasource, title).toEqual(datasource);
        const isSql = target.datasource.type !== 'prometheus';
        expect([target.rawSql !== undefined, target.expr !== undefined], title).toEqual([isSql, !isSql]);
      }
    }
  });

  it('uses no variable that it does not have', () => {
    const own = VARIABLES.map(({ name }) => name);
    const builtIn = [
      '__timeFilter',
      '__timeGroupAlias',
      '__interval',
      '__interval_ms',
      '__rate_interval',
      '__all',
    ];
    const used = [...TEXT.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => ![...own, ...builtIn, '__field'].includes(name))).toEqual([]);
    expect(own.filter((name) => !used.includes(name))).toEqual([]);
  });

  it('can be found under the same address after every import, and does not read the table by itself', () => {
    const { id, uid, schemaVersion, refresh } = DASHBOARD;
    expect({ id, uid, schemaVersion, refresh }).toEqual({
      id: null,
      uid: 'spendwatch',
      schemaVersion: 42,
      refresh: '',
    });
  });
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
