import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { allMetrics } from '../worker/all-metrics.ts';

const promtool = spawnSync('promtool', ['--version']).error === undefined;

it.skipIf(!promtool)(
  `promtool check metrics finds nothing${promtool ? '' : ' (skipped: promtool is not installed)'}`,
  async () => {
    const text = await allMetrics();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text });
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
  },
);

it.skipIf(!promtool)(
  `promtool check rules takes the alerting rules${promtool ? '' : ' (skipped: promtool is not installed)'}`,
  () => {
    const file = fileURLToPath(new URL('../../grafana/alert-rules.yml', import.meta.url));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect(`${status} ${stdout}${stderr}`).toMatch(/^0 [\s\S]*SUCCESS: 8 rules found/);
  },
);
