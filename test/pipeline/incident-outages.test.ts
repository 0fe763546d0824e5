import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SendError } from '../../src/model/errors.ts';
import type { Rule } from '../../src/model/rule.ts';
import { chatWorld, openChat, type Sent } from './chat-world.ts';
import { burn, MINUTE, openPollWorld, type PollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

const notify = ['slack', 'mail'];
const UNREACHABLE = new SendError('unreachable', 'passing', 'connection refused');
const spend = (cost: number, at: number, service = 'search') =>
  world.calls.log({ at, cost, service, user: 'svc-indexer', model: 'gpt-4.1' });
/** A call each minute of another service, so that the store has newer rows. */
const others = (from: number, minutes: number) =>
  world.calls.log(
    ...Array.from({ length: minutes }, (_, i) => ({
      at: from + i * MINUTE,
      cost: 0.01,
      service: 'quiet',
      user: 'q',
    })),
  );
const byUser = burn({ name: 'user-burn', group_by: ['user'], notify });
const byModel = burn({ name: 'model-burn', group_by: ['model'], notify });
const isReport = ({ message }: Sent) => message.title.startsWith('[UNDELIVERED]');

describe('a channel that is down while an incident begins, grows, is joined and ends', () => {
  it('gets the message that was tried and one that tells the rest, in one thread', async () => {
    const slack = openChat({ name: 'slack', down: UNREACHABLE });
    const mail = openChat({ name: 'mail' });
    const chats = chatWorld(world, [slack, mail]);
    await others(AT - 20 * MINUTE, 120);
    const rule = burn({ notify });
    let rules: Rule[] = [rule];
    slack.isDown = true;
    for (let minute = 0; minute <= 75; minute += 1) {
      const at = AT + minute * MINUTE;
      // It holds on, is joined after 5, 25 and 45 minutes, is critical after 26, ten times as much after 40, and then ends.
      if (minute <= 40 && minute % 5 === 0) await spend(minute === 40 ? 2_000 : 60, at - 1_000);
      if (minute === 5) rules = [rule, byUser];
      if (minute === 25) rules = [rule, byUser, byModel];
      await chats.tell(rules, at);
      await chats.deliver(at);
    }
    expect(slack.sent).toEqual([]);
    slack.isDown = false;
    for (const minute of [76, 140, 200]) await chats.deliver(AT + minute * MINUTE);
    const told = slack.sent.filter((one) => !isReport(one));
    expect(told.map(({ message }) => message.title)).toEqual([
      expect.stringMatching(/^\[WARNING\] burn: search \$60/),
      expect.stringMatching(/^\[RESOLVED\] burn: search back to normal/),
    ]);
    expect(told[1]?.message.sections).toHaveLength(3);
    expect([...slack.roots().values()].map(({ title }) => title)).toContainEqual(
      expect.stringMatching(/^\[RESOLVED\] burn: search back to normal/),
    );
    // The other channel hears of each step when it happens.
    const heard = mail.sent.filter((one) => !isReport(one)).map(({ message }) => message.title);
    expect(heard.length).toBeGreaterThanOrEqual(5);
    expect(heard.at(-1)).toMatch(/^\[RESOLVED\] /);
    expect(new Set(mail.sent.map(({ id }) => id)).size).toBe(mail.sent.length);
  });
});

describe('a channel of which one recipient does not get the first message yet', () => {
  it('gets what follows all the same', async () => {
    const mail = openChat({ name: 'mail' });
    const { tell, deliver } = chatWorld(world, [mail]);
    await spend(60, AT - MINUTE);
    mail.failures.push(new SendError('refused', 'passing', '451 later', { accepted: ['a@example.com'] }));
    await tell([burn({ notify })], AT);
    await deliver(AT);
    await spend(60, AT);
    await tell([burn({ notify })], AT + 1_000);
    await deliver(AT + 1_000);
    expect(mail.sent.map(({ message }) => message.title)).toEqual([expect.stringMatching(/^\[CRITICAL\]/)]);
  });
});

describe('replicas with clocks that differ', () => {
  it('send the first message of a thread first, and keep to its thread', async () => {
    const mail = openChat({ name: 'mail' });
    const { tell, deliver } = chatWorld(world, [mail]);
    const ahead =
      "UPDATE spendwatch.delivery SET created_at = created_at + interval '45 seconds' WHERE id = thread";
    await spend(60, AT - MINUTE);
    mail.failures.push(UNREACHABLE);
    await tell([burn({ notify })], AT);
    await world.calls.sql.query(ahead);
    await deliver(AT);
    await tell([burn({ notify }), byUser], AT + 1_000);
    await deliver(AT + 1_000);
    expect(mail.sent).toEqual([]);
    await deliver(AT + 10_000);
    await tell([burn({ notify }), byUser, byModel], AT + 11_000);
    await deliver(AT + 11_000);
    expect(mail.sent.map(({ thread }) => thread)).toMatchObject([
      { rootRef: null },
      { rootRef: 'name of 1', isLatest: true },
      { rootRef: 'name of 1', isLatest: true },
    ]);
    expect(mail.sent[2]?.root?.now.sections).toHaveLength(3);
  });
});

describe('news that is gathered for longer than messages may be late', () => {
  it('is not called late', async () => {
    const [slack, mail] = [openChat({ name: 'slack' }), openChat({ name: 'mail' })];
    const { tell, deliver } = chatWorld(world, [slack, mail], { intervalMs: 40 * MINUTE });
    await spend(60, AT - MINUTE);
    await tell([burn({ notify })], AT);
    await deliver(AT);
    await tell([burn({ notify }), byUser], AT + MINUTE);
    for (let minute = 1; minute <= 41; minute += 1) {
      await deliver(AT + minute * MINUTE);
      expect(slack.sent).toHaveLength(minute <= 40 ? 1 : 2);
    }
    expect([...slack.sent, ...mail.sent].filter(isReport)).toEqual([]);
  });
});

describe('an incident that begins and ends before anybody is told', () => {
  it('is reopened when it fires again, also where the channel wants no ends', async () => {
    const mail = openChat({ name: 'mail' });
    const { tell, deliver } = chatWorld(world, [mail], { sendResolved: false });
    await others(AT - 20 * MINUTE, 120);
    const rules = [burn({ notify })];
    await tell(rules, AT - 5 * MINUTE);
    await spend(60, AT - MINUTE);
    // No poll saw it while it held.
    await tell(rules, AT + 40 * MINUTE);
    await deliver(AT + 40 * MINUTE);
    await spend(60, AT + 50 * MINUTE);
    await tell(rules, AT + 51 * MINUTE);
    await deliver(AT + 51 * MINUTE);
    expect(mail.sent.map(({ message }) => message.title)).toEqual([
      expect.stringMatching(/^\[RESOLVED\] burn: search back to normal/),
      expect.stringMatching(/^\[WARNING\] burn: search \$60/),
    ]);
  });
});
