import { readdirSync } from 'node:fs';
import { sep } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { LANES, type Lane, laneOf } from './test/lanes.ts';
import { skipsFail } from './test/support/skips-fail.ts';

const files = readdirSync(new URL('test', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file.split(sep).join('/')}`);

/** A lane as a project: exactly one takes each file. */
function project(name: Lane): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include: files.filter((file) => laneOf(file) === name),
      // Generous: a machine that is busy with something else must not make a right program look wrong.
      testTimeout: 1_200_000,
      hookTimeout: 1_200_000,
      // Loading the modules anew for each file takes more time than most of the tests.
      isolate: name !== 'unit',
      env:
        name === 'studies'
          ? { SPENDWATCH_TEST_SCALE: process.env.SPENDWATCH_TEST_SCALE ?? '10', SPENDWATCH_FAULT_LONG: '1' }
          : {},
      setupFiles: name === 'unit' ? ['test/support/no-servers.ts'] : [],
      // Tests that run side by side in a file mostly wait. Those of faults start several processes each.
      maxConcurrency: name === 'unit' ? 16 : 6,
      // V8 spends more on optimising the embedded PostgreSQL than the few seconds of a file give back.
      execArgv: name === 'studies' ? [] : ['--liftoff-only'],
    },
  };
}

export default defineConfig({
  test: {
    // What many tests share is made once for the whole run, when the first test asks for it.
    globalSetup: ['test/support/shared-setup.ts'],
    // For two cores: a file waits for half of its time, and more workers fill it.
    maxWorkers: 4,
    reporters: process.env.SPENDWATCH_SKIPS === 'fail' ? ['default', skipsFail] : ['default'],
    projects: LANES.map(project),
  },
});
