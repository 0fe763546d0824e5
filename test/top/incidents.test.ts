import { expect, it } from 'vitest';
import { openIncidents, spentWhere } from '../../src/top/incidents.ts';
import { AT, burnRule, MINUTE, statusOf } from './view-fixtures.ts';

function alert(since: number, onset: number | null, incident = 'inc-4f8a1c2b9d') {
  const nothing = { quietSince: null, notified: null, silenced: null };
  const rule = { rule: 'hourly-burn', group: null, severity: 'critical', quantity: 'spend' } as const;
  return { ...nothing, ...rule, since, onset, incident };
}

it('an incident began when the first of its alerts left its usual level, and its spend counts from then', () => {
  const alerts = [
    alert(AT - 12 * MINUTE, AT - 20 * MINUTE),
    alert(AT - 11 * MINUTE, null),
    alert(AT - 50 * MINUTE, AT - 90 * MINUTE, 'another'),
  ];
  const [found] = openIncidents(statusOf({ alerts }));
  expect(found).toMatchObject({ began: AT - 20 * MINUTE, spentFrom: AT - 20 * MINUTE });
});

it('where it is not known when it began, an hour before it was noticed counts too', () => {
  const [found] = openIncidents(statusOf({ alerts: [alert(AT - 15 * MINUTE, null)] }));
  expect(found).toMatchObject({ began: AT - 15 * MINUTE, spentFrom: AT - 75 * MINUTE });
  const [bare] = openIncidents(statusOf());
  expect(bare).toMatchObject({ began: AT - 12 * MINUTE, spentFrom: AT - 72 * MINUTE });
});

it('the spend of an incident is that of its subject, where its calls can be told', () => {
  const rules = [burnRule('of-search', { where: { service: 'search' } })];
  const where = (dimension: string | null, value: string | null) =>
    spentWhere({ subject: { dimension, value } }, rules, new Set(['service']));
  expect(where('service', 'search')).toEqual({ service: { in: ['search'] } });
  expect(where('service', null)).toEqual({ service: { in: [null] } });
  expect(where(null, 'of-search')).toEqual({ service: { in: ['search'] } });
  expect(where(null, 'gone')).toBeNull();
  expect(where('team', 'a')).toBeNull();
  // As the state store cuts it.
  expect(where('service', `${'n'.repeat(200)}… 0123456789ab`)).toBeNull();
});
