import type { Reporter } from 'vitest/node';

/** Makes a run fail that skipped a test: for machines on which every program must be there. */
export const skipsFail: Reporter = {
  onTestRunEnd(modules) {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => `${module.relativeModuleId}: ${test.fullName}`),
    );
    if (skipped.length === 0) return;
    console.error(['These tests were skipped, and must not be here:', ...skipped].join('\n  '));
    process.exitCode = 1;
  },
};
