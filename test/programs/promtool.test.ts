import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openMetrics } from '../../src/worker/metrics/metrics.ts';
import { EXPRESSIONS } from '../grafana/dashboard.ts';
import { samplesOf } from '../support/exposition.ts';
import { makeFolder } from '../support/folder.ts';
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

it.skipIf(!promtool)(
  `a delivery that is given up is alerted on, also the first one${promtool ? '' : ' (skipped: promtool is not installed)'}`,
  async () => {
    const metrics = openMetrics('1.2.3');
    metrics.useChannels(['oncall']);
    const [begins] = samplesOf((await metrics.exposition()).text).filter(
      ({ name, labels }) => name === 'spendwatch_deliveries_total' && labels.outcome === 'given_up',
    );
    const series = 'spendwatch_deliveries_total{channel="oncall", outcome="given_up", job="spendwatch"}';
    const file = {
      rule_files: [fileURLToPath(new URL('../../grafana/alert-rules.yml', import.meta.url))],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          // What a worker shows before its first message, and after that message was given up.
          input_series: [{ series, values: `${begins?.value ?? '_'}x5 1x10` }],
          alert_rule_test: [
            { eval_time: '5m', alertname: 'SpendwatchGaveUp', exp_alerts: [] },
            {
              eval_time: '10m',
              alertname: 'SpendwatchGaveUp',
              exp_alerts: [
                {
                  exp_labels: { channel: 'oncall', outcome: 'given_up', job: 'spendwatch' },
                  exp_annotations: { summary: 'Deliveries to oncall were given up.' },
                },
              ],
            },
          ],
        },
      ],
    };
    const folder = await makeFolder({ 'test.json': JSON.stringify(file) });
    const { status, stdout, stderr } = spawnSync(
      'promtool',
      ['test', 'rules', join(folder.path, 'test.json')],
      {
        encoding: 'utf8',
      },
    );
    await folder.remove();
    expect(`${status} ${stdout}${stderr}`).toMatch(/^0 [\s\S]*SUCCESS/);
  },
);

it.skipIf(!promtool)(
  `promtool can read every expression of the dashboard${promtool ? '' : ' (skipped: promtool is not installed)'}`,
  async () => {
    const rules = EXPRESSIONS.map(({ expr }, i) => ({ record: `panel:${i}`, expr }));
    const folder = await makeFolder({
      'rules.json': JSON.stringify({ groups: [{ name: 'dashboard', rules }] }),
    });
    const file = join(folder.path, 'rules.json');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    await folder.remove();
    expect(`${status} ${stdout}${stderr}`).toMatch(
      new RegExp(`^0 [\\s\\S]*SUCCESS: ${rules.length} rules found`),
    );
  },
);
