import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { HEALTH_NOTES } from '../../src/worker/health-notes/index.ts';
import { CATALOGUE } from '../../src/worker/metrics/catalogue.ts';

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

const FILE = new URL('../../grafana/alert-rules.yml', import.meta.url);

it('every alerting rule for Prometheus asks for metrics that the worker has', () => {
  const { groups } = parse(readFileSync(FILE, 'utf8')) as RuleFile;
  const rules = groups.flatMap((group) => group.rules);
  const exported = [
    ...CATALOGUE.map(({ name }) => name),
    ...HEALTH_NOTES.map(({ gauge }) => gauge.name),
    'up',
  ];
  const unknown = rules.filter(({ expr }) => {
    const asked = expr.match(/\bspendwatch_\w+|\bup\b/g) ?? [];
    return asked.length === 0 || asked.some((name) => !exported.includes(name));
  });
  expect(rules.length).toBeGreaterThan(5);
  expect(unknown).toEqual([]);
});
