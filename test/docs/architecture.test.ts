import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('every file of src begins with a sentence that says what it answers', () => {
  const silent = files().filter((file) => {
    const lines = readFileSync(join(root, file), 'utf8')
      .replace(/^#!.*\n/, '')
      .split('\n');
    const end = lines.findIndex((line) => !line.startsWith('// '));
    return end < 1 || lines[end] !== '' || !(lines[end - 1] as string).endsWith('.');
  });
  expect(silent).toEqual([]);
});

it('docs/architecture.md draws every room of src, and nothing that is not there', () => {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const drawing = /```text\n(src\/\n[\s\S]*?)```/.exec(text)?.[1] ?? '';
  const drawn = new Set([...drawing.matchAll(/(?<=[ ─])([a-z-]+)\/(?= |$)/gm)].map(([, name]) => name));
  const rooms = new Set(
    files().flatMap((file) => file.split('/').slice(1, file.startsWith('src/sums/') ? 3 : 2)),
  );
  const folders = [...rooms].filter((room) => !room.endsWith('.ts'));
  expect([...drawn].sort()).toEqual(expect.arrayContaining(folders.sort()));
  expect([...drawn].filter((name) => !folders.includes(name as string))).toEqual(['migrations']);
});

it('docs/architecture.md names files that are there', () => {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const named = [...text.matchAll(/`((?:[\w-]+\/)+[\w-]+\.ts)`/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(20);
  expect(
    named.filter((name) => !existsSync(join(root, name)) && !existsSync(join(root, 'src', name))),
  ).toEqual([]);
});

function files(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}
