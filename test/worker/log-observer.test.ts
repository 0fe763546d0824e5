import { beforeEach, expect, it } from 'vitest';
import type { PollReport } from '../../src/pipeline/poll.ts';
import { openLog } from '../../src/worker/log.ts';
import { logObserver } from '../../src/worker/log-observer.ts';
import { type Metrics, openMetrics } from '../../src/worker/metrics/metrics.ts';
import { metricOf, samplesOf } from '../support/exposition.ts';

let metrics: Metrics;
let lines: string[];

beforeEach(() => {
  metrics = openMetrics('1.2.3');
  lines = [];
});

const observerAt = (level: string, bar: Parameters<typeof logObserver>[3] = null) => {
  const print = (line: string): void => void lines.push(line.trimEnd().replace(/^\[[\d:]+\] /, ''));
  return logObserver(openLog({ level, terminal: { colour: false, print } }), metrics, null, bar);
};
const metric = async (name: string) => metricOf(samplesOf((await metrics.exposition()).text), name, {});
const polled: PollReport = { at: 0, newestRow: null, rowsRead: 0, rules: [], queued: [], error: null };

it('of a first build tells the beginning and the end, and counts the hours down', async () => {
  const observer = observerAt('info');
  observer.backfilling({ done: 0, total: 200, keptFrom: null });
  expect(await metric('spendwatch_rollup_missing_seconds')).toBe(200 * 3_600);
  observer.backfilling({ done: 50, total: 200, keptFrom: null });
  expect(await metric('spendwatch_rollup_missing_seconds')).toBe(150 * 3_600);
  observer.backfilling({ done: 200, total: 200, keptFrom: null });
  expect(await metric('spendwatch_rollup_missing_seconds')).toBe(0);
  expect(lines).toEqual([
    'INFO: reading the past; until it is read, polls read in full what is missing {"hours":200}',
    'INFO: the past is read; polls read what is new {"hours":200}',
  ]);
});

it('of a build that was interrupted tells that it goes on, and from where', () => {
  const observer = observerAt('info');
  observer.backfilling({ done: 0, total: 200, keptFrom: Date.parse('2026-03-06T00:00:00Z') });
  observer.backfilling({ done: 120, total: 200, keptFrom: Date.parse('2026-03-06T00:00:00Z') });
  observer.backfilling(null);
  expect(lines).toEqual([
    'INFO: reading the rest of the past; what was read before is kept {"hours":200,"keptFrom":"2026-03-06T00:00:00Z"}',
    'INFO: not all of the past is read; what was read is kept {"done":120,"total":200}',
  ]);
});

it('says nothing of a start with nothing to read', async () => {
  const observer = observerAt('debug');
  observer.backfilling({ done: 0, total: 0, keptFrom: 0 });
  observer.backfilling(null);
  expect([lines, await metric('spendwatch_rollup_missing_seconds')]).toEqual([[], 0]);
});

it('where a bar shows how far it is, the log tells it at level debug alone', () => {
  const shown: unknown[] = [];
  const observer = observerAt('info', { show: (standing) => shown.push(standing?.done ?? null) });
  // The first word of a build that had begun unseen is due at once.
  observer.backfilling({ done: 50, total: 200, keptFrom: null });
  observer.backfilling(null);
  expect(shown).toEqual([50, null]);
  expect(lines).toEqual(['INFO: not all of the past is read; what was read is kept {"done":50,"total":200}']);
  lines = [];
  observerAt('info').backfilling({ done: 50, total: 200, keptFrom: null });
  expect(lines).toEqual(['INFO: reading the past {"done":50,"total":200}']);
});

it('counts each time that kept sums could not be used, and warns once while that lasts', async () => {
  const observer = observerAt('info');
  for (let n = 0; n < 3; n++) {
    observer.bypassed('out of order');
    observer.polled(polled, 1);
  }
  observer.bypassed('another reason');
  observer.polled(polled, 1);
  observer.polled(polled, 1);
  observer.bypassed('another reason');
  const warning = (reason: string) =>
    `WARN: the kept sums cannot be used: polls read the audit store in full {"reason":"${reason}"}`;
  expect(lines).toEqual([warning('out of order'), warning('another reason'), warning('another reason')]);
  expect(await metric('spendwatch_rollup_bypassed_total')).toBe(5);
});
