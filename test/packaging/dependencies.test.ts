import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

it('every runtime dependency has its reason in docs/dependencies.md, and nothing else has one', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const explained = [...read('docs/dependencies.md').matchAll(/^- \*\*(.+?)\*\*: \S/gm)].map(
    ([, name]) => name,
  );
  expect(explained).toEqual(Object.keys(dependencies).sort());
});
