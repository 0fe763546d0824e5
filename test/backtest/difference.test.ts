import { expect, it } from 'vitest';
import { differenceOf } from '../../src/backtest/difference.ts';
import type { SentAlert } from '../../src/backtest/sent-alert.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const rule = ruleOf('threshold', { name: 'burn', group_by: ['service'], threshold: 1 });

function alert(at: string, service = 'search', severity = 'warning'): SentAlert {
  const notification = { at: Date.parse(`2026-11-${at}Z`), group: [service], firing: {}, severity };
  return { rule, notification } as unknown as SentAlert;
}

const timeOf = ({ notification }: SentAlert): string => new Date(notification.at).toISOString().slice(8, 16);

function compared(own: SentAlert[], others: SentAlert[]) {
  const { added, dropped, earlier, later, same } = differenceOf(own, others, 'UTC');
  const moved = (pairs: typeof earlier) =>
    pairs.map((pair) => `${timeOf(pair.own)} -> ${timeOf(pair.other)}`);
  return {
    added: added.map(timeOf),
    dropped: dropped.map(timeOf),
    earlier: moved(earlier),
    later: moved(later),
    same,
  };
}

const NOTHING = { added: [], dropped: [], earlier: [], later: [], same: 0 };

it('an alert of the same day at another time is one that comes earlier or later', () => {
  expect(compared([alert('20T02:05')], [alert('20T03:40')])).toEqual({
    ...NOTHING,
    later: ['20T02:05 -> 20T03:40'],
  });
  expect(compared([alert('20T03:40')], [alert('20T02:05')])).toEqual({
    ...NOTHING,
    earlier: ['20T03:40 -> 20T02:05'],
  });
});

it('midnight between two alerts does not make them different ones, half a day does', () => {
  expect(compared([alert('20T23:55')], [alert('21T00:10')])).toEqual({
    ...NOTHING,
    later: ['20T23:55 -> 21T00:10'],
  });
  expect(compared([alert('20T02:00')], [alert('21T14:00')])).toEqual({
    ...NOTHING,
    dropped: ['20T02:00'],
    added: ['21T14:00'],
  });
});

it('alerts of one instant are paired first, and only the others by day', () => {
  expect(
    compared(
      [alert('20T02:05'), alert('20T04:00')],
      [alert('20T02:00'), alert('20T02:05'), alert('20T03:00')],
    ),
  ).toEqual({ ...NOTHING, earlier: ['20T04:00 -> 20T02:00'], added: ['20T03:00'], same: 1 });
});

it('another group or severity is another alert', () => {
  expect(
    compared([alert('20T02:05')], [alert('20T02:05', 'chat'), alert('20T02:05', 'search', 'critical')]),
  ).toEqual({
    ...NOTHING,
    dropped: ['20T02:05'],
    added: ['20T02:05', '20T02:05'],
  });
});
