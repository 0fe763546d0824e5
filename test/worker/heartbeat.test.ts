import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startHttpReceiver } from '../../src/demo/http-receiver.ts';
import { heartbeat } from '../../src/worker/heartbeat.ts';
import { until } from '../support/until.ts';

const NOW = Date.parse('2026-11-20T02:05:00Z');

describe('a heartbeat', () => {
  let receiver: Awaited<ReturnType<typeof startHttpReceiver>>;
  let beats: string[];
  let status: number;
  let failures: string[];
  beforeEach(async () => {
    beats = [];
    failures = [];
    status = 200;
    receiver = await startHttpReceiver(({ method, path }) => {
      beats.push(`${method} ${path}`);
      return { status };
    });
  });
  afterEach(() => receiver.close());

  const open = () =>
    heartbeat(`http://127.0.0.1:${receiver.port}/ping/abc`, (reason) => failures.push(reason));
  const beaten = (times: number) => until(`${times} beats came`, () => beats.length >= times);

  it('asks the URL after a good poll, at most once a minute', async () => {
    const heart = open();
    for (const seconds of [0, 1, 30, 59.999]) heart.beat(NOW + seconds * 1000);
    heart.beat(NOW + 60_000);
    heart.beat(NOW + 61_000);
    heart.beat(NOW + 120_000);
    await beaten(3);
    expect(beats).toEqual(Array.from({ length: 3 }, () => 'GET /ping/abc'));
    expect(failures).toEqual([]);
  });

  it('goes on beating after the clock was set back', async () => {
    const heart = open();
    heart.beat(NOW);
    heart.beat(NOW - 3_600_000);
    await beaten(2);
  });

  it('reports an answer that is none, and beats again', async () => {
    const heart = open();
    status = 500;
    heart.beat(NOW);
    await until('the failure was told', () => failures.length > 0);
    expect(failures).toEqual([`127.0.0.1:${receiver.port} answered HTTP 500`]);
    status = 200;
    heart.beat(NOW + 60_000);
    await beaten(2);
  });

  it('reports that nobody is there, without the URL', async () => {
    const { port } = receiver;
    await receiver.close();
    const heart = heartbeat(`http://127.0.0.1:${port}/ping/very-secret`, (reason) => failures.push(reason));
    heart.beat(NOW);
    await until('the failure was told', () => failures.length > 0);
    expect(failures[0]).toContain('ECONNREFUSED');
    expect(failures.join()).not.toContain('very-secret');
    // So that closing once more does no harm.
    receiver = await startHttpReceiver(() => ({ status: 200 }));
  });
});
