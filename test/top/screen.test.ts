import { describe, expect, it } from 'vitest';
import { painter } from '../../src/model/painter.ts';
import { frame } from '../../src/top/frame.ts';
import { openScreen } from '../../src/top/screen.ts';
import { openTerminal } from '../support/terminal.ts';
import { hostile, viewOf } from './view-fixtures.ts';

const NOTHING = { key: () => undefined, resized: () => undefined };

function opened(columns = 80, rows = 24, events: Partial<Parameters<typeof openScreen>[2]> = {}) {
  const terminal = openTerminal(columns, rows);
  const screen = openScreen(terminal.input, terminal.output, { ...NOTHING, ...events });
  return { terminal, screen };
}

describe('a screen', () => {
  it('shows lines from the first row on, and nothing of those before', async () => {
    const { terminal, screen } = opened(20, 4);
    screen.draw(['one, which is long', 'two', 'three']);
    screen.draw(['one', 'two']);
    await terminal.settled();
    expect(terminal.shown.lines()).toEqual(['one', 'two', '', '']);
    screen.close();
  });

  it('sends only lines that changed', () => {
    const { terminal, screen } = opened();
    screen.draw(['same', 'first']);
    const before = terminal.written().length;
    screen.draw(['same', 'second']);
    expect(terminal.written().slice(before)).toContain('second');
    expect(terminal.written().slice(before)).not.toContain('same');
    const quiet = terminal.written().length;
    screen.draw(['same', 'second']);
    expect(terminal.written()).toHaveLength(quiet);
    screen.close();
  });

  it('erases a row before its line: after a line as wide as the window the cursor may stand on the last character', async () => {
    const { terminal, screen } = opened(5, 2);
    screen.draw(['abcde', 'fghij']);
    await terminal.settled();
    expect(terminal.shown.lines()).toEqual(['abcde', 'fghij']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal erases by them
    expect(terminal.written()).not.toMatch(/(abcde|fghij)\u{1b}\[\d?[JK]/u);
    screen.close();
  });

  it('is drawn anew at another size', async () => {
    let resized = 0;
    const { terminal, screen } = opened(20, 4, { resized: () => (resized += 1) });
    screen.draw(['a line']);
    terminal.resize(10, 2);
    expect([screen.size(), resized]).toEqual([{ width: 10, height: 2 }, 1]);
    screen.draw(['a line']);
    await terminal.settled();
    expect(terminal.shown.lines()).toEqual(['a line', '']);
    screen.close();
  });

  it('tells keys by their names', async () => {
    const keys: string[] = [];
    const { terminal, screen } = opened(80, 24, { key: (name) => keys.push(name) });
    terminal.type('q\u0003\u001b[A\u001b[B\u001b[5~\u001b[6~');
    await expect.poll(() => keys).toEqual(['q', 'ctrl-c', 'up', 'down', 'pageup', 'pagedown']);
    screen.close();
  });

  it('gives the terminal back as it was, once', async () => {
    const { terminal, screen } = opened();
    screen.draw(['a line']);
    await terminal.settled();
    expect([terminal.isRaw(), terminal.shown.isWhole(), terminal.shown.modes()]).toEqual([
      true,
      true,
      { cursor: false, wraps: false },
    ]);
    screen.close();
    await terminal.settled();
    expect([terminal.isRaw(), terminal.shown.isWhole(), terminal.shown.modes()]).toEqual([
      false,
      false,
      { cursor: true, wraps: true },
    ]);
    const length = terminal.written().length;
    screen.close();
    screen.draw(['a line after the end']);
    expect(terminal.written()).toHaveLength(length);
    expect(process.listeners('exit')).not.toContain(screen.close);
  });
});

it.each([
  [80, 24],
  [200, 50],
  [40, 10],
])('names from outside leave every line of %i x %i in its place', async (width, height) => {
  const { terminal, screen } = opened(width, height);
  screen.draw(frame(viewOf(), { width, height }, 0, painter(true)).lines);
  screen.draw(frame(hostile(), { width, height }, 0, painter(true)).lines);
  await terminal.settled();
  const lines = terminal.shown.lines();
  expect(lines[0]).toMatch(/^spendwatch top {2}x/);
  expect(lines.filter((line) => line.startsWith('state'))).toHaveLength(1);
  expect(lines.findIndex((line) => line.startsWith('critical'))).toBe(
    lines.findIndex((line) => line.startsWith('state')) + 1,
  );
  expect(lines.at(-1)).toMatch(/^q quit/);
  screen.close();
});
