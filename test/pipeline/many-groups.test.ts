import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import type { Firing } from '../../src/model/finding.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import { NOTHING_OBSERVED } from '../../src/model/observed.ts';
import type { Rule } from '../../src/model/rule.ts';
import { announce } from '../../src/pipeline/announce.ts';
import { decide } from '../../src/pipeline/decide.ts';
import type { PollUnderWay } from '../../src/pipeline/parts.ts';
import { poll } from '../../src/pipeline/poll.ts';
import { alertsQueuedBy, burn, MINUTE, openPollWorld, type PollWorld, reasonsOf } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
/** More than are arguments of one call. */
const MANY = 150_000;

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

describe('a rule that fires for very many groups', () => {
  it('has one message, ten shown and the rest counted', async () => {
    const rule = burn({ group_by: ['user'] });
    const firing = Array.from({ length: MANY }, (_, i): Firing => {
      const amount = 60 + (i % 30_000);
      return {
        key: [`user-${i}`],
        value: { fixed: fixedFromNumber(amount), number: amount, calls: 1 },
        window: { from: AT - 10 * MINUTE, to: AT },
        badness: fixedFromNumber(amount),
        steps: [{ severity: 'warning', bound: fixedFromNumber(50), operator: '>=' }],
      };
    });
    const times = [{ at: AT, earlier: [] }];
    const judgement = { status: 'firing', observed: NOTHING_OBSERVED, firing } as const;
    const decision = decide({
      rule,
      fingerprint: 'f',
      zone: 'UTC',
      times,
      evaluations: [{ at: AT, judgement, pending: [] }],
      notified: [],
      episodes: [],
      knownTo: AT - MINUTE,
      computed: [],
      silences: [],
      newestRow: AT - 1,
    });
    const parts: PollUnderWay = {
      ...world.parts([rule]),
      explaining: world.calls.store,
      dating: world.calls.store,
    };
    const occasion = { at: AT, newestRow: AT - 1, now: () => AT, gathers: false };
    const { plan } = await announce(parts, [{ rule, decision, joining: [], error: null }], occasion);
    const incident = {
      id: 'inc_1',
      subject: { dimension: null, value: rule.name },
      stepBefore: 0,
      isClosed: false,
    };
    const fingerprint = parts.fingerprints.get(rule.name) ?? '';
    const told = decision.notifications.flat().map((notification) => ({
      fingerprint,
      notification,
      incident: incident.id,
      ...plan.toldOf(fingerprint, notification),
    }));
    const {
      deliveries: [delivery],
    } = plan.compose({
      told,
      closed: [],
      ofClosedIncidents: [],
      silenced: [],
      incidents: new Map([[incident.id, incident]]),
      deliveries: [],
    });
    expect(delivery?.message.sections).toHaveLength(10);
    expect(delivery?.message.footer[0]).toBe('And 149,990 more, smaller than these.');
  });
});

describe('a rule of which something fails', () => {
  const named = (name: string, keys: Record<string, unknown> = {}): Rule => burn({ name, ...keys });
  const rulesOf = (broken: Rule): Rule[] => [
    named('first', { threshold: 51, thresholds: undefined }),
    broken,
    named('last', { threshold: 52, thresholds: undefined }),
  ];

  /** The channels, of which one cannot put a rule into words. */
  function speechless(rule: string): Map<string, Channel> {
    const oncall = world.channels.get('oncall') as Channel;
    const render: Channel['render'] = (message, id) => {
      if (message.rule === rule) throw new Error('no words for it');
      return oncall.render(message, id);
    };
    return new Map([...world.channels, ['oncall', { ...oncall, render }]]);
  }

  it('does not keep the others from being notified in the same poll, and is notified when it can be', async () => {
    const rules = rulesOf(named('broken'));
    expect(reasonsOf(await world.poll(rules, AT - 2 * MINUTE))).toEqual([]);
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    const report = await world.poll(rules, AT, { channels: speechless('broken') });
    expect(alertsQueuedBy(report).map(({ rule }) => rule)).toEqual(expect.arrayContaining(['first', 'last']));
    expect(report.queued).toHaveLength(2);
    expect(report.rules.map(({ rule, error }) => [rule.name, error?.message ?? null])).toEqual([
      ['first', null],
      ['broken', expect.stringMatching(/^a fault of the program: Error at many-groups/)],
      ['last', null],
    ]);
    expect(report.error?.message).toContain('a fault of the program: Error');
    const next = await world.poll(rules, AT + MINUTE);
    expect(next.error).toBeNull();
    expect(alertsQueuedBy(next)).toMatchObject([{ rule: 'broken', at: '2026-11-20T14:05:00Z' }]);
  });

  it.each(['where', 'operator', 'dedupe', 'notify'])(
    'fails alone where its %s cannot be read',
    async (key) => {
      await world.calls.log({ at: AT - MINUTE, cost: 60 });
      const broken = Object.defineProperty(structuredClone(named('broken')), key, {
        get: () => {
          throw new TypeError(`${key} is broken`);
        },
        enumerable: false,
      });
      const parts = world.parts(rulesOf(named('broken')));
      const report = await poll({ ...parts, rules: rulesOf(broken) }, AT, () => AT);
      expect(
        alertsQueuedBy(report)
          .map(({ rule }) => rule)
          .sort(),
      ).toEqual(['first', 'last']);
      expect(report.rules.find(({ rule }) => rule.name === 'broken')?.error?.message).toMatch(
        /^a fault of the program: TypeError at many-groups/,
      );
      expect(reasonsOf(report)).toEqual(['new', 'new']);
    },
  );
});
