import { expect, test } from 'vitest';
import { alertId, groupId, ruleFingerprints } from '../../src/model/fingerprint.ts';

test('a rule’s fingerprint does not depend on its name or on the order of keys', () => {
  const before = ruleFingerprints([{ name: 'a', identity: { metric: 'spend', where: { x: 1, y: 2 } } }]);
  const after = ruleFingerprints([{ name: 'b', identity: { where: { y: 2, x: 1 }, metric: 'spend' } }]);
  expect(after.get('b')).toBe(before.get('a'));
});

test('a rule’s fingerprint changes with what it measures, and with the order of a list', () => {
  const identities = [{ steps: [1, 2] }, { steps: [2, 1] }, { steps: [1] }];
  const prints = identities.map((identity) => ruleFingerprints([{ name: 'a', identity }]).get('a'));
  expect(new Set(prints).size).toBe(3);
});

test('equal rules of one file have fingerprints of their own, the first that of a lone rule', () => {
  const rules = ['a', 'b', 'c'].map((name) => ({ name, identity: { metric: 'spend' } }));
  const prints = ruleFingerprints(rules);
  expect(new Set(prints.values()).size).toBe(3);
  expect(prints.get('a')).toBe(ruleFingerprints(rules.slice(1, 2)).get('b'));
});

test('NULL is another group than any text, and an alert beside the main one is another one', () => {
  const keys = [[null], ['(none)'], ['null'], [''], [], ['a', null], ['a,null'], [null, 'a'], ['a', 'b']];
  const ids = [...keys.map((key) => groupId(key)), groupId(['a'], 'b'), groupId([], 'a')];
  expect(new Set(ids).size).toBe(ids.length);
});

test('an alert’s id tells rule, group, period and severity apart', () => {
  const ids = [
    alertId('f', 'g', 'day/1', 'warning'),
    alertId('f', 'g', 'day/1', 'critical'),
    alertId('f', 'g', 'day/2', 'warning'),
    alertId('f', 'h', 'day/1', 'warning'),
    alertId('e', 'g', 'day/1', 'warning'),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});
