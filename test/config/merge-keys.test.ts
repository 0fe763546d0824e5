import { describe, expect, it } from 'vitest';
import { faultsOf, load } from './support.ts';

const HEAD = `version: 1
audit: { url: "pglite:./data" }
channels:
  a: &hook { type: webhook, url: "https://example.com/a", secret: 0123456789abcdef }
  b: { <<: *hook, url: "https://example.com/b" }
rules:
  - &first { name: first, type: threshold, metric: spend, window: 1h, threshold: 1, where: { session: 007 } }
`;
const rulesOf = async (more: string) => (await load(HEAD + more)).rules;
const linesOf = async (more: string) =>
  (await faultsOf(HEAD + more)).map(({ line, message }) => `${line} ${message}`);

describe('a merge key', () => {
  it('takes over the keys of a mapping, except those that are written beside it', async () => {
    const { rules, channels } = await load(
      `${HEAD}  - { name: second, <<: *first, window: 2h }\n  - { window: 1d, <<: *first, name: third }\n`,
    );
    const [first, ...others] = rules;
    expect(others).toEqual([
      { ...first, name: 'second', window: { ...first?.window, text: '2h', ms: 7_200_000 } },
      { ...first, name: 'third', window: { ...first?.window, text: '1d', ms: 86_400_000 } },
    ]);
    expect(first?.where).toEqual({ session: { in: ['007'] } });
    const [a, b] = [...channels.values()].map(({ options }) => JSON.stringify(options));
    expect(b).toBe(a);
  });

  it('takes the first of several mappings that has a key', async () => {
    const [, rule] = await rulesOf('  - { <<: [{ name: x, severity: critical }, *first], name: second }\n');
    expect(rule).toMatchObject({ name: 'second', severity: 'critical', metric: 'spend' });
  });

  it('follows the merge keys of what it takes over', async () => {
    const rules = await rulesOf('  - &next { <<: *first, name: next }\n  - { <<: *next, name: last }\n');
    expect(rules.map(({ name }) => name)).toEqual(['first', 'next', 'last']);
  });

  it('reports a fault of a mapping that it takes over once, where it is written', async () => {
    const faulty = HEAD.replace('window: 1h', 'window: 1x');
    const faults = await faultsOf(`${faulty}  - { <<: *first, name: second }\n`);
    expect(faults.map(({ line, message }) => `${line} ${message}`)).toEqual(['7 "1x" is not a window']);
  });

  it.each([
    ['a text', '{ <<: first }'],
    ['nothing', '{ name: x, <<: }'],
    ['a list with a text', '{ <<: [*first, x], name: y }'],
    ['more than fifty mappings', `{ <<: [${Array(51).fill('{ a: 1 }').join(', ')}], name: y }`],
  ])('is one fault when it has %s', async (_, rule) => {
    expect(await linesOf(`  - ${rule}\n`)).toEqual([
      '8 a merge key (<<) takes a mapping, or a list of at most 50 mappings',
    ]);
  });

  it('that merges its own mapping adds nothing', async () => {
    const rule = '{ <<: *own, name: own, type: threshold, metric: calls, window: 1h, threshold: 1 }';
    expect(await rulesOf(`  - &own ${rule}\n`)).toHaveLength(2);
  });

  it('of mappings that merge one another ever more often ends', async () => {
    const bomb = Array.from({ length: 60 }, (_, i) => `  - &a${i + 1} { <<: [*a${i}, *a${i}], k${i}: 1 }\n`);
    expect((await linesOf(`  - &a0 { x: 1 }\n${bomb.join('')}`)).length).toBeGreaterThan(0);
  });

  it('in quotes is a key like any other', async () => {
    expect(await linesOf('  - { "<<": *first, name: second, type: threshold }\n')).toContain(
      '8 unknown key "<<"',
    );
  });
});
