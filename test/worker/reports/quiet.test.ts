import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/model/message.ts';
import { DAY, HOUR, MINUTE, openReportWorld, type ReportWorld } from './report-world.ts';

const MIDNIGHT = Date.parse('2026-11-19T00:00:00Z');

/** Polls through a day, and returns the text of the report of the next morning. */
async function dayOf(world: ReportWorld): Promise<string> {
  const worker = await world.start();
  for (let at = MIDNIGHT + 30 * MINUTE; at <= MIDNIGHT + DAY; at += 30 * MINUTE) {
    const { error } = await worker.polls(at);
    expect(error).toBeNull();
  }
  world.now = MIDNIGHT + DAY + 8 * HOUR;
  await worker.looks();
  expect(world.logged.troubles).toEqual([]);
  const rows = await world.sql.query<{ message: string }>(
    `SELECT message FROM spendwatch.delivery WHERE fingerprint LIKE 'report/%'`,
  );
  expect(rows).toHaveLength(1);
  const message = JSON.parse(rows[0]?.message ?? '') as Message;
  return JSON.stringify([message.lead, message.sections, message.footer]);
}

describe.concurrent('the report of a day', () => {
  it('says of a day without alerts that the rules were evaluated, and how near they came', async (test) => {
    const world = await openReportWorld(test, MIDNIGHT);
    await world.spend({ at: MIDNIGHT + 9 * HOUR, cost: 83 }, { at: MIDNIGHT + 20 * HOUR, cost: 12 });
    const text = await dayOf(world);
    expect(text).toContain('48 evaluations');
    expect(text).toContain('hourly-burn');
    expect(text).toContain('83 %');
  });

  it('does not say so of a day on which one was told', async (test) => {
    const world = await openReportWorld(test, MIDNIGHT);
    await world.spend({ at: MIDNIGHT + 9 * HOUR, cost: 130 });
    expect(await dayOf(world)).not.toContain('evaluations');
  });

  it('does not say so of a day on which no worker counted', async (test) => {
    const world = await openReportWorld(test, MIDNIGHT + DAY + 8 * HOUR);
    await world.spend({ at: MIDNIGHT + 9 * HOUR, cost: 3 });
    await (await world.start()).looks();
    const [row] = await world.sql.query<{ message: string }>('SELECT message FROM spendwatch.delivery');
    expect(row?.message).not.toContain('evaluations');
  });
});
