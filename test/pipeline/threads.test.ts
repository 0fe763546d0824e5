import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SendError } from '../../src/model/errors.ts';
import type { Message } from '../../src/model/message.ts';
import { addSilence } from '../../src/state/silences.ts';
import { silenced } from '../support/silenced.ts';
import { chatWorld, openChat, type Sent } from './chat-world.ts';
import { burn, DAY, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** A chat with threads, and rules over 10 minutes that tell it. */
function chat(threadMs = DAY) {
  const opened = openChat({ threadMs });
  const composeReport = (): Message => {
    throw new Error('nothing is reported here');
  };
  const rules = ['burn', 'user-burn', 'model-burn'].map((name, i) =>
    burn({ name, group_by: [['service'], ['user'], ['model']][i], notify: ['people'] }),
  );
  const { sent, failures } = opened;
  return { sent, failures, rules, ...chatWorld(world, [opened], { composeReport }) };
}

const spend = (cost: number, at: number, service = 'search') =>
  world.calls.log({ at, cost, service, user: 'svc-indexer', model: 'gpt-4.1' });
const refusal = (kind: SendError['kind']) => new SendError('refused', kind, 'no');
const answersOf = (sent: readonly Sent[]) => sent.map(({ thread }) => thread?.rootRef ?? null);

describe('later news of an incident', () => {
  it('answers its first message, and says in it what is known now', async () => {
    const { sent, rules, tell, deliver } = chat();
    await spend(60, AT - MINUTE);
    await tell(rules.slice(0, 1), AT);
    await deliver(AT);
    await tell(rules, AT + MINUTE);
    await deliver(AT + MINUTE);
    expect(answersOf(sent)).toEqual([null, 'name of 1']);
    const [first, second] = sent as [Sent, Sent];
    expect(first.root).toBeNull();
    expect(second.root).toMatchObject({ id: first.id, title: first.message.title });
    expect(second.message.sections).toHaveLength(2);
    expect(second.root?.now.sections).toHaveLength(3);
    expect(second.root?.now.title).toBe('[WARNING] burn: search $60.00 in 10m (limit $50.00) (+2 more)');
  });

  it('is a note that it is silenced, which the first message says then', async () => {
    const { sent, rules, tell, deliver } = chat();
    await spend(60, AT - MINUTE);
    await tell(rules.slice(0, 1), AT);
    await deliver(AT);
    const times = { from: AT, until: AT + DAY };
    const match = { service: 'search' };
    await addSilence(world.calls.sql, { ...silenced(0, 0, { match }), times, createdBy: 'ann@desk' }, AT);
    await tell(rules.slice(0, 1), AT + MINUTE);
    await deliver(AT + MINUTE);
    const [first, note] = sent as [Sent, Sent];
    expect(answersOf(sent)).toEqual([null, 'name of 1']);
    expect(note.message.incident?.isNews).toBe(false);
    expect(note.root?.now.title).toBe(first.message.title);
    expect(note.root?.now.sections).toHaveLength(1);
    expect(note.root?.now.sections[0]?.facts).toContainEqual([
      'Silenced',
      'until 2026-11-21 14:05 UTC (load test, by ann@desk)',
    ]);
  });

  it('waits for the first message, and what comes until then is one answer', async () => {
    const { sent, failures, rules, tell, deliver } = chat();
    failures.push(refusal('passing'));
    await spend(60, AT - MINUTE);
    for (const [i] of rules.entries()) {
      await tell(rules.slice(0, i + 1), AT + i * 1_000);
      await deliver(AT + i * 1_000);
    }
    expect(sent).toEqual([]);
    await deliver(AT + MINUTE);
    expect(answersOf(sent)).toEqual([null, 'name of 1']);
    expect(sent[1]?.message.sections).toHaveLength(2);
  });

  it('becomes the first message where that was given up', async () => {
    const { sent, failures, rules, tell, deliver } = chat();
    await spend(60, AT - MINUTE);
    failures.push(refusal('final'));
    const { queued } = await tell(rules.slice(0, 1), AT);
    await deliver(AT);
    for (const i of [1, 2]) {
      await tell(rules.slice(0, i + 1), AT + i * MINUTE);
      await deliver(AT + i * MINUTE);
    }
    expect(answersOf(sent)).toEqual([null, 'name of 1']);
    // A channel whose messages have names of their own answers the first in any case.
    expect(sent.map(({ root }) => root?.id)).toEqual([queued[0]?.id, queued[0]?.id]);
  });

  it('begins a new thread after a day, with the name of the old one', async () => {
    const { sent, rules, tell, deliver } = chat();
    await spend(60, AT - MINUTE);
    await tell(rules.slice(0, 1), AT);
    await deliver(AT);
    await spend(60, AT + DAY - MINUTE);
    await tell(rules.slice(0, 1), AT + DAY);
    await deliver(AT + DAY);
    expect(sent.map(({ thread }) => thread)).toMatchObject([
      { rootRef: null, previousRef: null },
      { rootRef: null, previousRef: 'name of 1' },
    ]);
    expect(sent[1]?.root).toBeNull();
  });

  it('stays in its thread for ever where the channel wants it so', async () => {
    const { sent, rules, tell, deliver } = chat(Number.POSITIVE_INFINITY);
    await spend(60, AT - MINUTE);
    await tell(rules.slice(0, 1), AT);
    await deliver(AT);
    await spend(60, AT + DAY - MINUTE);
    await tell(rules.slice(0, 1), AT + DAY);
    await deliver(AT + DAY);
    expect(answersOf(sent)).toEqual([null, 'name of 1']);
  });

  it('does not speak for the present where later news has arrived before it', async () => {
    const { sent, failures, rules, tell, deliver } = chat();
    await spend(60, AT - MINUTE);
    await tell(rules.slice(0, 1), AT);
    await deliver(AT);
    failures.push(refusal('passing'));
    await tell(rules.slice(0, 2), AT + 1_000);
    await deliver(AT + 1_000);
    await tell(rules, AT + 2_000);
    await deliver(AT + 2_000);
    await deliver(AT + MINUTE);
    expect(sent.map(({ message }) => message.rule)).toEqual(['burn', 'model-burn', 'user-burn']);
    expect(sent.map(({ thread }) => thread?.isLatest)).toEqual([true, true, false]);
  });
});

describe('the end of an incident', () => {
  /** A call each minute of another service, so that the store has newer rows. */
  const others = () =>
    world.calls.log(
      ...Array.from({ length: 60 }, (_, i) => ({
        at: AT - 20 * MINUTE + i * MINUTE,
        cost: 0.01,
        service: 'quiet',
      })),
    );

  it('is a note in its thread, and the first message says nothing else from then on', async () => {
    const { sent, rules, tell, deliver } = chat();
    await others();
    await spend(60, AT - MINUTE);
    for (let i = 0; i <= 30 && sent.length < 2; i += 1) {
      await tell(rules.slice(0, 1), AT + i * MINUTE);
      await deliver(AT + i * MINUTE);
    }
    const [, note] = sent as [Sent, Sent];
    expect(note.message).toMatchObject({
      type: 'alert.resolved',
      incident: { isNews: false, isClosed: true },
    });
    expect(note.thread?.rootRef).toBe('name of 1');
    expect(note.root?.now.title).toMatch(/^\[RESOLVED\] burn: search back to normal after/);
    expect(note.root?.now.sections).toHaveLength(1);
  });

  it('is told in the message that several incidents share', async () => {
    const { sent, rules, tell, deliver } = chat();
    await others();
    const services = ['a', 'b', 'c', 'd', 'e'];
    for (const service of services) await spend(60, AT - MINUTE, service);
    const rule = rules.slice(0, 1);
    await tell(rule, AT);
    await deliver(AT);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.message.sections).toHaveLength(5);
    // One of them grows; the others end before it.
    await spend(60, AT + 5 * MINUTE, 'c');
    for (let i = 1; i <= 60 && sent.length < 7; i += 1) {
      await tell(rule, AT + i * MINUTE);
      await deliver(AT + i * MINUTE);
    }
    expect(answersOf(sent)).toEqual([null, ...Array.from({ length: sent.length - 1 }, () => 'name of 1')]);
    // Four end in one poll and share a message, the one that grew ends later.
    expect(sent.map(({ message }) => message.footer[0])).toEqual([
      expect.stringContaining('To silence the incident about service a for two hours'),
      expect.stringContaining('To silence it'),
      'The incidents about service a and 3 more are over.',
      'The incident about service c is over.',
    ]);
    const ends = sent.filter(({ message }) => message.type === 'alert.resolved');
    expect(ends.flatMap(({ message }) => message.alerts.map(({ group }) => group.service)).sort()).toEqual(
      services,
    );
  });
});
