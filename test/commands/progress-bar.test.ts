import { afterEach, expect, it } from 'vitest';
import { openProgressBar, type ProgressBar } from '../../src/commands/progress-bar.ts';
import { openScreen } from '../support/screen.ts';
import { until } from '../support/until.ts';

const open: ProgressBar[] = [];
const barOn = (...args: Parameters<typeof openProgressBar>): ProgressBar => {
  const bar = openProgressBar(...args);
  open.push(bar);
  return bar;
};

afterEach(() => {
  for (const bar of open.splice(0)) bar.stop();
});

it('shows the progress, and the time left once it is known', async () => {
  const screen = openScreen();
  const bar = barOn('importing', true, screen.stream);
  await until('there is a bar', () => screen.lines().length === 1);
  expect(screen.lines()).toEqual([`importing ${'-'.repeat(40)} 0%`]);
  bar.update(30, 120);
  await until('the bar has moved', () => screen.lines()[0]?.includes('25%'));
  expect(screen.lines()[0]).toMatch(/^importing ={10}-{30} 25% \| \d+s left$/);
});

it('is gone without a trace when it is stopped, and leaves the terminal as it was', async () => {
  const screen = openScreen();
  const bar = barOn('importing', true, screen.stream);
  await until('there is a bar', () => screen.lines().length === 1);
  bar.stop();
  expect(screen.lines()).toEqual([]);
  screen.stream.write('$ ');
  const ended = screen.written();
  bar.stop();
  bar.update(1, 2);
  expect(screen.written()).toBe(ended);
  // No mode is set that a process which is killed could not set back, and no place on the screen is remembered.
  for (const sequence of ['\u001b[?', '\u001b7', '\u001b8']) expect(ended).not.toContain(sequence);
});

it('prints whole lines above it, whatever their length', async () => {
  const screen = openScreen();
  screen.stream.write('before\n');
  const bar = barOn('replaying', true, screen.stream);
  await until('there is a bar', () => screen.lines().length === 2);
  bar.print('short\n');
  expect(screen.lines()).toEqual(['before', 'short', expect.stringMatching(/^replaying -+ 0%$/)]);
  bar.update(1, 2);
  bar.print(`${'long-'.repeat(30)}end\nand a second one\n`);
  expect(screen.lines().join('')).toContain(`${'long-'.repeat(30)}end`);
  expect(screen.lines().slice(-2)).toEqual(['and a second one', expect.stringMatching(/^replaying .* 50%/)]);
  bar.stop();
  expect(screen.lines().at(-1)).toBe('and a second one');
});

it('stays on one line of a narrow terminal', async () => {
  const screen = openScreen(30);
  const bar = barOn('writing 90 days of calls', true, screen.stream);
  for (const done of [1, 2, 3]) {
    bar.update(done, 3);
    bar.print(`line ${done}\n`);
  }
  expect(screen.lines().map((line) => line.slice(0, 6))).toEqual(['line 1', 'line 2', 'line 3', 'writin']);
});

it('writes nothing where stderr is not a terminal', () => {
  const screen = openScreen();
  const bar = barOn('importing', false, screen.stream);
  bar.update(1, 2);
  bar.print('a line\n');
  bar.stop();
  expect(screen.written()).toBe('');
});
