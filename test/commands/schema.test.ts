import { expect, it } from 'vitest';
import { schema } from '../../src/commands/schema.ts';

it('schema prints JSON Schema of draft 2020-12 that refuses unknown keys', () => {
  const lines: string[] = [];
  expect(schema({ out: (line) => lines.push(line) })).toBe(0);
  expect(JSON.parse(lines.join('\n'))).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    required: ['version', 'audit', 'rules'],
  });
});
