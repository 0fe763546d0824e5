import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // One real PostgreSQL for the whole run; each test makes its own database in it.
    globalSetup: ['test/support/postgres-server.ts'],
    // Generous: a machine that is busy with something else must not make a right program look wrong.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    // Two cores: more workers only make the real servers slower.
    maxWorkers: 2,
  },
});
