import { beforeAll, describe, expect, test } from 'vitest';
import { groupId } from '../../src/model/fingerprint.ts';
import { openEpisode } from '../../src/model/notification.ts';
import { openState, type State } from '../../src/state/open.ts';
import { readStatus, type StatusQuestion } from '../../src/state/read-status.ts';
import type { IncidentPlan } from '../../src/state/record.ts';
import { addSilence } from '../../src/state/silences.ts';
import { silenced } from '../support/silenced.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, DAY, delivery, HOSTILE, MINUTE, message, notification, recording } from './samples.ts';

const plan: IncidentPlan = {
  file: { id: 'file', fingerprints: ['f', 'g'] },
  endOf: ({ groupId: id }) => ({ groupId: id, how: 'ended', at: AT, ended: '{}' }),
  toldOf: (_, { group }) => ({
    subject: { dimension: 'service', value: group[0] ?? null },
    told: '{"is":1}',
  }),
  compose: () => ({ deliveries: [], endsTold: [] }),
};

describe.each(ENGINES)('how things stand, on %s', (engine) => {
  const database = stateDatabase(engine);
  let state: State;
  beforeAll(async () => {
    state = await openState(database.sql);
  });

  const now = (question: Partial<StatusQuestion> = {}) =>
    readStatus(database.sql, {
      fingerprints: ['f', 'g'],
      reports: ['report/file/daily'],
      basis: 'basis',
      now: AT,
      givenUpSince: AT - DAY,
      healthSince: AT - DAY,
      mostFiring: 10,
      ...question,
    });

  test('a state that nothing was recorded in says so', async () => {
    expect(await now()).toEqual({
      firing: [],
      firingTotal: 0,
      incidents: [],
      silences: [],
      queues: [],
      health: [],
      reports: new Map(),
      evaluatedTo: new Map(),
      leaders: [],
      sums: null,
    });
  });

  test('what fires has the highest step that holds, its last notification and its incident', async () => {
    const told = notification({ key: ['search'], step: 3, dollars: 120.5, at: AT });
    const id = told.groupId;
    const quiet = { ...openEpisode(groupId(['dip']), 2, AT - DAY), heldTo: AT - MINUTE, quietSince: AT };
    const unseen = groupId(['never told']);
    const begun = [
      openEpisode(id, 2, AT - 2 * MINUTE),
      openEpisode(id, 3, AT - MINUTE),
      // The critical step does not hold any more, the warning does.
      openEpisode(unseen, 2, AT),
      { ...openEpisode(unseen, 3, AT - DAY), heldTo: AT - MINUTE, quietSince: AT },
      quiet,
    ];
    const watermark = { before: null, at: AT };
    const both = [
      recording([told], { watermark, episodes: { begun, ended: [] }, batches: [{ notifications: [told] }] }),
      recording([], {
        fingerprint: 'of another file',
        batches: [],
        episodes: { begun: [openEpisode('x', 3, AT)], ended: [] },
      }),
    ];
    await state.record(both, AT, { incidents: plan });
    const { firing, firingTotal, incidents, evaluatedTo } = await now();
    expect(firing).toEqual([
      {
        fingerprint: 'f',
        groupId: id,
        step: 3,
        since: AT - MINUTE,
        quietSince: null,
        key: ['search'],
        notified: { at: AT, value: expect.stringMatching(/^120\.50*$/) },
        incident: expect.stringMatching(/^inc-/),
        told: '{"is":1}',
      },
      expect.objectContaining({ groupId: groupId(['dip']), step: 2, since: AT - DAY, quietSince: AT }),
      expect.objectContaining({
        groupId: unseen,
        step: 2,
        since: AT,
        quietSince: null,
        key: null,
        notified: null,
      }),
    ]);
    expect(incidents).toEqual([
      {
        id: firing[0]?.incident,
        subject: '["service","search"]',
        step: 3,
        openedAt: AT,
        alerts: 1,
        rules: ['hourly-burn'],
      },
    ]);
    expect([firingTotal, [...evaluatedTo]]).toEqual([3, [['f', AT]]]);
    const cut = await now({ mostFiring: 1 });
    expect([cut.firing.length, cut.firingTotal]).toEqual([1, 3]);
    expect((await now({ fingerprints: ['g'] })).firing).toEqual([]);
  });

  test('each queue has what is pending, since when and why, and what was given up lately', async () => {
    const queue = async (channel: string, at: number, changes = {}): Promise<void> => {
      const one = delivery({ channel, ...changes });
      const batch = { notifications: [notification()], compose: () => [one] };
      await state.record([recording([], { fingerprint: one.id, batches: [batch] })], at);
    };
    const fail = async (channel: string, to: 'queued' | 'given_up', at: number): Promise<void> => {
      const claimed = await state.claim(channel, at, 30_000);
      if (claimed === null) throw new Error('nothing is due');
      const failure = {
        kind: 'passing',
        reason: 'refused',
        text: `451 ${HOSTILE}`,
        retryAfterMs: null,
      } as const;
      await state.settle(
        claimed,
        { state: to, backoffStep: 1, nextAt: at + MINUTE, accepted: [], failure, reports: null },
        at,
      );
    };
    await queue('old', AT - 5 * DAY);
    await fail('old', 'given_up', AT - 5 * DAY);
    await queue('mail', AT - DAY);
    await fail('mail', 'given_up', AT - DAY);
    await queue('mail', AT - MINUTE);
    await fail('mail', 'queued', AT - MINUTE);
    await queue('mail', AT);
    const { queues } = await now();
    expect(queues).toEqual([
      {
        channel: 'mail',
        channelType: 'email',
        pending: 2,
        oldestAt: AT - MINUTE,
        nextAt: AT,
        failure: `451 ${HOSTILE.replaceAll('\0', '').replace('\ud800', '\ufffd')}`,
        givenUp: 1,
      },
      expect.objectContaining({
        channel: 'old',
        pending: 0,
        oldestAt: null,
        nextAt: null,
        failure: null,
        givenUp: 0,
      }),
    ]);
  });

  test('of messages about spendwatch itself, the latest of each kind counts', async () => {
    for (const [type, title, at] of [
      ['health.blind', 'first', AT - 3 * MINUTE],
      ['health.blind', 'second', AT - 2 * MINUTE],
      ['health.unpriced', 'unpriced', AT - MINUTE],
      ['health.sees', 'long ago', AT - 2 * DAY],
    ] as const) {
      const about = {
        rule: null,
        fingerprint: type,
        channel: 'health',
        message: { ...message(title), type },
      };
      const batch = { notifications: [notification()], compose: () => [delivery(about)] };
      await state.record([recording([], { fingerprint: `${type} ${at}`, batches: [batch] })], at);
    }
    const { health } = await now();
    expect(health.map(({ at, message: { title } }) => [title, at])).toEqual([
      ['unpriced', AT - MINUTE],
      ['second', AT - 2 * MINUTE],
    ]);
  });

  test('a report has the time at which it was queued last, whatever became of it', async () => {
    const of = (fingerprint: string, at: number, isReport = false) =>
      state.record(
        [
          recording([], {
            fingerprint: `${fingerprint} ${at}`,
            batches: [
              {
                notifications: [notification()],
                compose: () => [delivery({ rule: null, fingerprint, channel: 'reports', isReport })],
              },
            ],
          }),
        ],
        at,
      );
    await of('report/file/daily', AT - DAY);
    await of('report/file/daily', AT - 10 * DAY);
    await of('report/file/daily', AT, true);
    await of('report/other/daily', AT);
    expect((await now()).reports).toEqual(new Map([['report/file/daily', AT - DAY]]));
  });

  test('silences that are not over, leases that hold, and how far sums are kept are read', async () => {
    const times = { from: AT, until: AT + MINUTE };
    await addSilence(
      database.sql,
      { ...silenced(AT, AT + MINUTE, { rule: 'r' }), times, createdBy: 'ann' },
      AT,
    );
    const buckets = state.aggregateBuckets('basis');
    const hour = (begins: number) => ({ dimensions: 'd', hours: 1, begins, sums: 'x' });
    const watermark = { closedTo: AT, newestId: null, gaps: '[]', reconciledAt: AT - MINUTE };
    await buckets.keep([hour(AT - DAY), hour(AT - 2 * DAY)], watermark, 0);
    await state.hold({ scope: 's', token: 't', file: 'file' }, 10_000);
    await state.hold({ scope: 'over', token: 'u', file: 'old' }, 1);
    const { silences, sums, leaders } = await now();
    expect(silences).toMatchObject([{ rule: 'r', createdBy: 'ann' }]);
    expect(sums).toEqual({ from: AT - 2 * DAY, to: AT, reconciledAt: AT - MINUTE });
    // An embedded database has a worker only where it is used through one.
    expect(leaders).toEqual(engine === 'pglite' ? [] : ['file']);
    expect((await now({ basis: 'another' })).sums).toBeNull();
    expect((await now({ now: AT + MINUTE })).silences).toEqual([]);
  });
});
