import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Io } from '../../src/commands/io.ts';
import { createProgram } from '../../src/commands/program.ts';
import { HEALTH_NOTES } from '../../src/worker/health-notes/index.ts';
import { CATALOGUE } from '../../src/worker/metrics/catalogue.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** A page's text without its code, where brackets are no links. */
const proseOf = (page: string): string => read(page).replace(/^ *```[\s\S]*?^ *```$/gm, '');

/** The names by which headings can be linked to, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  const headings = [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return headings.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

it.each(pages)('every link of %s leads to a file, and to a heading of it', (page) => {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? join(root, page) : resolve(root, dirname(page), path);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchorsOf(relative(root, target)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

it('the messages in the README and in channels.md are those that are sent', () => {
  expect(read('README.md')).toContain(read('docs/messages/alert.txt').trimEnd());
  const [anomaly = ''] = read('docs/messages/anomaly.txt').split('\n\n  model');
  expect(read('docs/channels.md')).toContain(anomaly);
});

it('reference.md names every metric of the worker, and no other', () => {
  const exported = [...CATALOGUE.map(({ name }) => name), ...HEALTH_NOTES.map(({ gauge }) => gauge.name)];
  const listed = [...read('docs/reference.md').matchAll(/^\| `(spendwatch_\w+)` +\|/gm)].map(
    ([, name]) => name,
  );
  expect(listed.sort()).toEqual([...new Set(exported)].sort());
});

it('guarantees.md names tests that are there, and every suite of faults', () => {
  const named = [...read('docs/guarantees.md').matchAll(/`(test\/[\w/-]+\.test\.ts)`/g)].map(
    ([, name = '']) => name,
  );
  expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  const suites = readdirSync(join(root, 'test/faults')).filter((name) => name.endsWith('.test.ts'));
  expect(suites.filter((name) => !named.includes(`test/faults/${name}`))).toEqual([]);
});

const program = () => createProgram({ env: {} } as Io, '0', () => undefined);

it('the README lists every command', () => {
  const commands = program().commands.map((command) => command.name());
  const listed = [...read('README.md').matchAll(/^\| `([\w-]+)[^|]*\|/gm)].map(([, name]) => name);
  expect(commands.length).toBeGreaterThan(5);
  expect(listed.sort()).toEqual(commands.sort());
});

it('the pages name every option of every command', () => {
  const options = program()
    .commands.flatMap((command) => command.options.map(({ long }) => long ?? ''))
    .filter((name) => name !== '--version');
  expect(options.length).toBeGreaterThan(15);
  const text = pages.map(read).join('\n');
  expect([...new Set(options)].filter((name) => !text.includes(`\`${name}`))).toEqual([]);
});

it('the log lines in operations.md are those that the program writes', () => {
  const [, logs = ''] = /^## Logs$([\s\S]*?)^## /m.exec(read('docs/operations.md')) ?? [];
  const firstCells = [...logs.matchAll(/^\| (`.+?) \|/gm)].map(([, cell = '']) => cell);
  const lines = firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, line = '']) => line));
  // Reasons are put before `alert`, and what follows … is the fault.
  const known = lines.map((line) => line.replace(/^\w+(?= alert$)/, '').replace(/ ?….*$|^… ?/, ''));
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const source = files.filter((file) => file.endsWith('.ts')).map((file) => read(join('src', file)));
  expect(lines.length).toBeGreaterThan(20);
  expect(known.filter((line) => !source.some((text) => text.includes(line)))).toEqual([]);
});
