import { expect, it } from 'vitest';
import { openBackfillBar } from '../../src/commands/backfill-bar.ts';
import { openLog } from '../../src/worker/log.ts';
import { openScreen } from '../support/screen.ts';

it('log lines are printed whole above the bar during the backfill, and alone before and after', () => {
  const screen = openScreen(160);
  const bar = openBackfillBar(screen.stream);
  const log = openLog({ level: 'info', terminal: { colour: false, print: bar.print } });
  const lines = (): string[] => screen.lines().map((line) => line.replace(/^\[[\d:]+\] /, ''));

  log.info('leading: this worker polls');
  bar.show({ done: 0, total: 2_000 });
  log.info({ rule: 'burn', group: 'search' }, 'new alert');
  bar.show({ done: 500, total: 2_000 });
  log.warn('not delivered');
  const said = [
    'INFO: leading: this worker polls',
    'INFO: new alert {"rule":"burn","group":"search"}',
    'WARN: not delivered',
  ];
  expect(lines()).toEqual([...said, expect.stringMatching(/^reading the past ={10}-{30} 25%/)]);

  bar.show(null);
  expect(lines()).toEqual(said);
  bar.show({ done: 1_000, total: 2_000 });
  log.info('goes on');
  expect(lines().at(-1)).toMatch(/^reading the past .* 50%/);
  bar.show({ done: 2_000, total: 2_000 });
  log.info('stopped');
  expect(lines()).toEqual([...said, 'INFO: goes on', 'INFO: stopped']);
});

it('a worker that has nothing to read shows no bar', () => {
  const screen = openScreen();
  const bar = openBackfillBar(screen.stream);
  bar.show({ done: 0, total: 0 });
  bar.show(null);
  expect(screen.written()).toBe('');
});
