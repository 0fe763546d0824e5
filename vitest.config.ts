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
      env: name === 'studies' ? { SPENDWATCH_TEST_SCALE: '10', SPENDWATCH_FAULT_LONG: '1' } : {},
      setupFiles: name === 'unit' ? ['test/support/no-servers.ts'] : [],
    },
  };
}

export default defineConfig({
  test: {
    // What many tests share is made once for the whole run, when the first test asks for it.
    globalSetup: ['test/support/shared-setup.ts'],
    // For two cores: tests of faults mostly wait, and a third worker fills that time.
    maxWorkers: 3,
    reporters: process.env.SPENDWATCH_SKIPS === 'fail' ? ['default', skipsFail] : ['default'],
    projects: LANES.map(project),
  },
});
