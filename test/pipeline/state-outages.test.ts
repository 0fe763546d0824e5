import { expect, it } from 'vitest';
import { AppError } from '../../src/model/errors.ts';
import type { Sql } from '../../src/sql/port.ts';
import { openState } from '../../src/state/open.ts';
import { ENGINES } from '../support/sql-engines.ts';
import { chatWorld, openChat } from './chat-world.ts';
import { burn, MINUTE, openPollWorld } from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');
const notify = ['people'];
const rule = burn({ notify, resolve_after: '2m' });
const byUser = burn({ name: 'user-burn', group_by: ['user'], notify, resolve_after: '2m' });
/** An incident begins, is joined, becomes critical and is over. */
const POLLS = [
  { minute: 0, rules: [rule] },
  { minute: 1, rules: [rule, byUser] },
  { minute: 2, rules: [rule, byUser] },
  { minute: 12, rules: [rule, byUser] },
  { minute: 15, rules: [rule, byUser] },
] as const;

/** Every so many statements are tried, so that the embedded database does not take a minute. */
const STEP = { postgres: 11, pglite: 29 } as const;

it.each(ENGINES)(
  'a state database that goes away at any statement of a recording loses and repeats nothing, on %s',
  async (engine) => {
    const world = await openPollWorld(engine);
    let left = Number.POSITIVE_INFINITY;
    /** Goes away at a statement of a transaction that writes, or at its end. */
    const failing: Sql = {
      ...world.calls.sql,
      transaction: (options, work) =>
        world.calls.sql.transaction(options, async (session) => {
          const gone = (): void => {
            left -= 1;
            if (left === 0) throw new AppError('store_unreachable', 'the state database is away');
          };
          const result = await work({
            query: (text, values) => {
              gone();
              return session.query(text, values);
            },
          });
          gone();
          return result;
        }),
    };
    const state = await openState(failing);
    try {
      const told: string[][] = [];
      let statements = 1;
      for (let at = 0; at < statements; at += STEP[engine]) {
        await world.clear();
        await world.calls.log(
          ...Array.from({ length: 40 }, (_, i) => ({
            at: AT + (i - 10) * MINUTE,
            cost: 0.01,
            service: 'quiet',
            user: 'q',
          })),
          { at: AT - 1_000, cost: 60, user: 'u' },
          { at: AT + 2 * MINUTE - 1_000, cost: 60, user: 'u' },
        );
        const chat = openChat();
        const { tell, deliver } = chatWorld(world, [chat], { state });
        left = at === 0 ? Number.POSITIVE_INFINITY : at;
        let asked = 0;
        for (const { minute, rules } of POLLS) {
          const now = AT + minute * MINUTE;
          for (const attempt of [1, 2]) {
            if (at === 0) left = 1_000_000;
            const report = await tell(rules, now + attempt).catch(() => null);
            if (at === 0) asked += 1_000_000 - left;
            if (report !== null) break;
          }
          await deliver(now + 10);
        }
        if (at === 0) statements = asked;
        const [row] = await world.calls.sql.query<{ all: string; open: string }>(
          'SELECT count(*) AS all, count(*) FILTER (WHERE closed_at IS NULL) AS open FROM spendwatch.incident',
        );
        expect(row, `statement ${at}`).toEqual({ all: '1', open: '0' });
        told.push(chat.sent.map(({ message }) => message.title));
      }
      expect(told[0]).toHaveLength(4);
      for (const titles of told) expect(titles).toEqual(told[0]);
    } finally {
      await world.stop();
    }
  },
);
