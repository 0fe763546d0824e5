import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ruleTypeOf, ruleTypes } from '../../src/rules/index.ts';
import { ruleOf } from './rule-fixtures.ts';

describe('the registry of rules', () => {
  it('holds every member of its folder, under its own type', () => {
    const files = readdirSync(new URL('../../src/rules/', import.meta.url));
    // rule-*.ts is what members share, <type>-*.ts is a part of a member.
    const members = files
      .flatMap((file) => /^(.*)\.ts$/.exec(file)?.[1] ?? [])
      .filter((name) => !/^index$|-/.test(name));
    expect(Object.keys(ruleTypes).sort()).toEqual(members.sort());
    for (const [type, member] of Object.entries(ruleTypes)) expect(member.type).toBe(type);
  });

  it('finds the type of a rule', () => {
    expect(ruleTypeOf(ruleOf('threshold', { threshold: 1 }))).toBe(ruleTypes.threshold);
    expect(ruleTypeOf(ruleOf('anomaly', {}))).toBe(ruleTypes.anomaly);
  });

  it('describes every key of every type to editors', () => {
    for (const { schema } of Object.values(ruleTypes)) {
      const json = z.toJSONSchema(schema, { io: 'input' }) as {
        properties: Record<string, { description?: string }>;
        additionalProperties: boolean;
      };
      expect(json.additionalProperties).toBe(false);
      for (const [key, property] of Object.entries(json.properties)) {
        expect(property.description, key).toMatch(/\w/);
      }
    }
  });
});
