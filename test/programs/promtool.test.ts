import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EXPRESSIONS } from '../grafana/dashboard.ts';
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
