import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('the plan in docs/architecture.md names every file of src, and nothing that is not there', () => {
  const named = planned();
  const there = files();
  expect({
    notOnThePlan: there.filter((file) => !named.includes(file)),
    onlyOnThePlan: named.filter((file) => !there.includes(file)),
    namedTwice: named.filter((file, i) => named.indexOf(file) !== i),
  }).toEqual({ notOnThePlan: [], onlyOnThePlan: [], namedTwice: [] });
});

/** The files that the plan names, each with its purpose on its line; two spaces of indentation are one folder. */
function planned(): string[] {
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const plan = /```text\n(src\/\n[\s\S]*?)```/.exec(text)?.[1] ?? '';
  const folders: string[] = [];
  return plan
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', name = '', purpose] = /^( *)(\S+)(?: +(\S.*))?$/.exec(line) ?? [];
      const depth = indent.length / 2;
      if (name.endsWith('/')) {
        folders.splice(depth, folders.length, name);
        return [];
      }
      expect(purpose, `${name} has no purpose`).toBeDefined();
      return [folders.slice(0, depth).join('') + name];
    });
}

function files(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}
