import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

it('every runtime dependency has its reason in docs/dependencies.md, and nothing else has one', () => {
  const packagesOf = (file: string): string[] => {
    const { dependencies, optionalDependencies } = JSON.parse(read(file)) as Record<string, object>;
    return Object.keys({ ...dependencies, ...optionalDependencies });
  };
  const explained = [...read('docs/dependencies.md').matchAll(/^- \*\*(.+?)\*\*(?: \(`(.+?)\/`\))?: \S/gm)];
  const inFolder = (folder?: string) =>
    explained.filter(([, , its]) => its === folder).map(([, name]) => name);
  expect(inFolder()).toEqual(packagesOf('package.json').sort());
  expect(inFolder('drivers')).toEqual(packagesOf('drivers/package.json').sort());
});
