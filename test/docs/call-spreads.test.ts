import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

it('no call spreads a list into its arguments, which a hundred thousand items overflow', () => {
  const files = readdirSync(src, { recursive: true, withFileTypes: true }).filter(({ name }) =>
    name.endsWith('.ts'),
  );
  const found = files.flatMap((file) => {
    const path = join(file.parentPath, file.name);
    return spreadArguments(readFileSync(path, 'utf8')).map((line) => `${path.slice(src.length)}:${line}`);
  });
  expect(found).toEqual([]);
});

it.each([
  ['const a = Math.max(...numbers);', 1],
  ['list.push(first, ...rest);', 1],
  ['items.splice(\n  0,\n  ...[1],\n);', 3],
  ['if (ok) run?.(...parts);', 1],
])('finds %j', (text, line) => {
  expect(spreadArguments(text)).toEqual([line]);
});

it.each([
  'const all = [...a, ...b];',
  'call({ ...options }, [...list]);',
  'function sum(...numbers: number[]) {}',
  'const f = (...given) => given;',
  'return (...given) => given;',
  "say('(...what)'); // push(...rest)",
])('takes %j for what it is', (text) => {
  expect(spreadArguments(text)).toEqual([]);
});

/** The lines of arguments that are spread; a list or an object in brackets of its own is none. */
function spreadArguments(text: string): number[] {
  const code = text.replace(
    /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g,
    (part) => part.replace(/[^\n]/g, ' '),
  );
  const open: { readonly bracket: string; readonly isCall: boolean }[] = [];
  const lines: number[] = [];
  for (const { 0: token, index } of code.matchAll(/\.\.\.|[([{}\])]/g)) {
    if (token === '...') {
      const isDeclared = /^\.\.\.\w+\s*:/.test(code.slice(index));
      const around = open.at(-1);
      if (around?.bracket === '(' && around.isCall && !isDeclared)
        lines.push(code.slice(0, index).split('\n').length);
    } else if ('([{'.includes(token)) {
      const before = code.slice(0, index).trimEnd();
      open.push({ bracket: token, isCall: /[\w$)\]>.]$/.test(before) && !/\b(return|=>)$/.test(before) });
    } else {
      open.pop();
    }
  }
  return lines;
}
