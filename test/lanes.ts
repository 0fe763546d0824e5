/** The lanes of the tests. Each has its script, `npm run test:<lane>`; CONTRIBUTING.md says what they are for. */
export const LANES = ['unit', 'integration', 'faults', 'programs', 'studies'] as const;
export type Lane = (typeof LANES)[number];

/** Lanes that are a folder. */
const FOLDERS = ['faults', 'programs', 'studies'] as const;

/**
 * Tests that start a server, a database or the program: all files of these folders, and single files elsewhere.
 * A file that starts one and is not listed here fails in the unit lane.
 */
export const INTEGRATION: readonly string[] = [
  'test/backtest/backtest.test.ts',
  'test/backtest/replay.test.ts',
  'test/backtest/sliding-replay.test.ts',
  'test/channels/',
  'test/check/',
  'test/commands/backtest.test.ts',
  'test/commands/import-foreign.test.ts',
  'test/commands/import.test.ts',
  'test/contract/',
  'test/e2e/',
  'test/packaging/container.test.ts',
  'test/packaging/tarball.test.ts',
  'test/packaging/test-run.test.ts',
  'test/pipeline/announce.test.ts',
  'test/pipeline/assess.test.ts',
  'test/pipeline/catch-up.test.ts',
  'test/pipeline/collect.test.ts',
  'test/pipeline/deliberate.test.ts',
  'test/pipeline/deliver.test.ts',
  'test/pipeline/episodes-by-seconds.test.ts',
  'test/pipeline/explain.test.ts',
  'test/pipeline/limited-reads.test.ts',
  'test/pipeline/many-groups.test.ts',
  'test/pipeline/poll.test.ts',
  'test/pipeline/since.test.ts',
  'test/sql/',
  'test/state/',
  'test/stores/',
  'test/sums/live/aged-cells.test.ts',
  'test/sums/live/aggregate.test.ts',
  'test/sums/live/open-window.test.ts',
  'test/sums/live/prefetch-partials.test.ts',
  'test/worker/backfill.test.ts',
  'test/worker/health-notes/unpriced.test.ts',
  'test/worker/health-notes/watch.test.ts',
  'test/worker/heartbeat.test.ts',
  'test/worker/http-server.test.ts',
  'test/worker/live-sums.test.ts',
  'test/worker/log.test.ts',
  'test/worker/stale-after.test.ts',
  'test/worker/systemd-notify.test.ts',
];

/** The lane of a test file: its path from the root of the repository, with forward slashes. */
export function laneOf(file: string): Lane {
  const folder = FOLDERS.find((name) => file.startsWith(`test/${name}/`));
  if (folder !== undefined) return folder;
  const isListed = INTEGRATION.some((place) =>
    place.endsWith('/') ? file.startsWith(place) : file === place,
  );
  return isListed ? 'integration' : 'unit';
}
