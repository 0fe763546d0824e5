import { spawnSync } from 'node:child_process';
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
