import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { groupId } from '../../src/model/fingerprint.ts';
import { openState, type State } from '../../src/state/open.ts';
import type { RuleFile } from '../../src/state/removed-rules.ts';
import { ENGINES, stateDatabase } from './engines.ts';
import { AT, DAY, MINUTE, notification, recording } from './samples.ts';

const MIDNIGHT = Date.UTC(2026, 10, 20);
const TODAY = { from: MIDNIGHT, to: MIDNIGHT + DAY };
const COUNT = { day: MIDNIGHT, evaluations: 100, hasFired: false, nearest: null };

const ours: RuleFile = { id: 'ours', fingerprints: ['burn'] };
/** The same file after its rule was edited. */
const edited: RuleFile = { id: 'ours', fingerprints: ['burn at 200'] };
const theirs: RuleFile = { id: 'theirs', fingerprints: ['other burn'] };

describe.each(ENGINES)('incidents of a span of time, on %s', (engine) => {
  const database = stateDatabase(engine);
  let state: State;
  beforeAll(async () => {
    state = await openState(database.sql);
  });
  beforeEach(() =>
    database.sql.query(
      `TRUNCATE spendwatch.evaluation_count, spendwatch.notification, spendwatch.incident, spendwatch.alert,
         spendwatch.delivery`,
    ),
  );

  const record = (file: RuleFile, rule: string, service: string, closedAt: number | null) =>
    state.record(
      [
        recording([], {
          fingerprint: file.fingerprints[0] as string,
          rule,
          closings:
            closedAt === null
              ? []
              : [{ groupId: groupId([service]), how: 'resolved', at: closedAt, ended: '{}' }],
          batches: closedAt === null ? [{ notifications: [notification({ key: [service] })] }] : [],
        }),
      ],
      closedAt ?? AT,
      {
        incidents: {
          file,
          endOf: ({ groupId }) => ({ groupId, how: 'ended', at: AT, ended: '{}' }),
          toldOf: (_, { group }) => ({
            subject: { dimension: 'service', value: group[0] ?? null },
            told: '{}',
          }),
          compose: () => ({ deliveries: [], endsTold: [] }),
        },
      },
    );
  const found = async (file: RuleFile) =>
    (await state.readIncidentsIn(file, TODAY)).map(({ subject, rules }) => [subject.value, ...rules]);

  it('are those of the file, by its rules as they are and as they were', async () => {
    await record(ours, 'burn', 'search', null);
    await record(theirs, 'other-burn', 'ads', null);
    for (const file of [ours, edited]) expect(await found(file)).toEqual([['search', 'burn']]);
    expect(await found(theirs)).toEqual([['ads', 'other-burn']]);
    await record(ours, 'burn', 'search', AT + MINUTE);
    for (const file of [ours, edited]) expect(await found(file)).toEqual([['search', 'burn']]);
  });

  it('that rules of two files tell of are in both, each with its own rules', async () => {
    await record(ours, 'burn', 'search', null);
    await record(theirs, 'other-burn', 'search', null);
    expect(await found(ours)).toEqual([['search', 'burn']]);
    expect(await found(theirs)).toEqual([['search', 'other-burn']]);
  });

  it('are there where nobody wrote whose they are', async () => {
    await record(ours, 'burn', 'search', null);
    await database.sql.query('UPDATE spendwatch.notification SET file = NULL');
    expect(await found(theirs)).toEqual([['search', 'burn']]);
  });

  it('make a day no quiet one of their file, whatever became of its rules, and none of another file', async () => {
    await record(ours, 'burn', 'search', null);
    for (const { id } of [ours, theirs]) await state.writeEvaluationCounts(id, 'a', [COUNT]);
    expect(await state.readQuietPeriod(edited, TODAY)).toBeNull();
    expect(await state.readQuietPeriod(theirs, TODAY)).not.toBeNull();
  });
});
