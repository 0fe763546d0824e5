import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inert, inertMarkdown } from '../../src/channels/transport/inert.ts';

const seen = (text: string): string => text.replaceAll('\u2060', '');

describe('a text from outside', () => {
  test.each([
    'anna@example.com',
    '@everyone and <@U1> and <!channel>',
    'https://evil.example/x?y=1#z',
    'z.ai, evil.com/path',
    '$USD, #channel, /start',
    '{{DATE(2026-11-20T00:00:00Z)}}',
    '![x](y) [a][b]',
  ])('%s reads as before', (text) => {
    expect(seen(inert(text))).toBe(text);
    expect(inert(text)).not.toBe(text);
  });

  test.each(['$312.46 in 1h (limit $100.00)', 'gpt-4.1: 96%, >99%', '2026-11-20 02:05 UTC'])(
    '%s, which is none of it, stays as it is',
    (text) => expect(inert(text)).toBe(text),
  );

  test('has no line that begins a block', () => {
    const text = inert('# a\n> b\n- c\n1. d\n---\n===\n| e |');
    expect(text).not.toMatch(/^(#+ |> |- |\d+\. |---|===|\|)/m);
  });

  test('of any characters has neither mention, link nor tag', () => {
    const part = fc.constantFrom(...'@#<>:/.[](){}$ab1 \n_*`~', 'https://', 'a.b', '<at>', '{{');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const text = inertMarkdown(parts.join(''));
        expect(text).not.toMatch(/[@#<][^\u2060]|:\/\/|\{\{|\]\(|\p{L}\.\p{L}|[*`~]/u);
      }),
    );
  });
});
