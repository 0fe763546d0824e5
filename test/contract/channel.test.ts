import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { channelTypes } from '../../src/channels/index.ts';
import { SendError } from '../../src/model/errors.ts';
import { HOSTILE_NAMES, hostileMessage, sampleAlert, sampleNews } from '../channels/sample-messages.ts';
import { SAMPLES } from '../channels/samples.ts';
import type { Fault, SampleReceiver, StartReceiver } from './channels/sample-receiver.ts';

const alert = sampleNews([sampleAlert()]);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('there is a receiver for every channel of the registry', () => {
  const members = readdirSync(new URL('channels', import.meta.url)).filter(
    (file) => file !== 'sample-receiver.ts',
  );
  expect(members.sort()).toEqual(channelTypes.map(({ type }) => `${type}.ts`).sort());
});

describe.each(channelTypes.map((type) => [type.type, type] as const))(
  'a channel of type %s',
  (name, type) => {
    async function open(fault: Fault | null = null): Promise<{ channel: Channel; receiver: SampleReceiver }> {
      const { start } = (await import(`./channels/${name}.ts`)) as { start: StartReceiver };
      const receiver = await start(fault);
      cleanups.push(receiver.close);
      const channel = await type.open('oncall', type.schema.parse({ type: name, ...receiver.keys }));
      cleanups.push(channel.close);
      return { channel, receiver };
    }

    const never = new AbortController().signal;
    const envelope = (channel: Channel, message = alert) => ({
      id: 'dlv_0123',
      body: channel.render(message, 'dlv_0123'),
      accepted: [],
    });

    test('delivers a message and says what the receiver answered', async () => {
      const { channel, receiver } = await open();
      const { answer } = await channel.send(envelope(channel), never);
      expect(answer).not.toBe('');
      expect(receiver.taken()).toHaveLength(1);
      expect(receiver.taken()[0]).toContain('312.4');
    });

    test.each(Object.entries(SAMPLES))('delivers the message %s', async (_, message) => {
      const { channel, receiver } = await open();
      await channel.send(envelope(channel, message), never);
      // A pager pages nobody with a report.
      const isLeftOut = message.type === 'report' && type.takesReports === false;
      expect(receiver.taken()).toHaveLength(isLeftOut ? 0 : 1);
    });

    test('repeats a send with the same id and the same bytes', async () => {
      const { channel, receiver } = await open();
      const twice = envelope(channel);
      await channel.send(twice, never);
      await channel.send(twice, never);
      const [first, second] = await receiver.ids();
      expect(first).toContain('dlv_0123');
      expect(second).toBe(first);
      const [body, repeated] = receiver.taken();
      expect(repeated).toBe(body);
    });

    test('renders the same text for the same message', async () => {
      const { channel } = await open();
      expect(channel.render(alert, 'dlv_1')).toBe(channel.render(alert, 'dlv_1'));
    });

    test('names from the store do no harm', async () => {
      const { channel, receiver } = await open();
      const { body } = envelope(channel, hostileMessage());
      await channel.send({ ...envelope(channel), body }, never);
      expect(receiver.taken()).toHaveLength(1);
      const seen = await receiver.read(receiver.taken()[0] ?? '', body);
      if (seen.by === 'programs') {
        expect([...seen.services].sort()).toEqual([...HOSTILE_NAMES].sort());
        return;
      }
      for (const control of ['\u202e', '\u2066', '\u001b', '\u0000'])
        expect(seen.text.includes(control)).toBe(false);
      for (const markup of ['<!channel>', '<@U123>', '<script', '<img'])
        expect(seen.markup.includes(markup)).toBe(false);
      expect(seen.headers).not.toContain('bcc');
      expect(seen.text).toContain('家族');
    });

    test('its connect check reaches the receiver and sends nothing', async () => {
      const { channel, receiver } = await open();
      expect((await channel.probe(never)).answer).not.toBe('');
      expect(receiver.taken()).toEqual([]);
    });

    test.each([
      ['busy', 'passing', ['refused', 'rate_limited', 'server']],
      ['refuses us', 'person', ['auth']],
      ['refuses the message', 'final', ['invalid']],
    ] as const)(
      'a receiver that %s is a failure of kind %s, without a secret',
      async (fault, kind, reasons) => {
        const { channel, receiver } = await open(fault);
        const error = await channel.send(envelope(channel), never).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(SendError);
        expect(error).toMatchObject({ kind, accepted: [], reason: expect.toBeOneOf([...reasons]) });
        for (const secret of receiver.secrets) expect(String(error)).not.toContain(secret);
      },
    );

    test('a receiver that is not there is a failure that passes', async () => {
      const { channel } = await open();
      for (const cleanup of cleanups.splice(0)) await cleanup();
      const failure = { name: 'SendError', kind: 'passing', reason: 'unreachable' };
      await expect(channel.send(envelope(channel), never)).rejects.toMatchObject(failure);
      await expect(channel.probe(never)).rejects.toMatchObject(failure);
    });

    test('a send stops when its signal aborts', async () => {
      const { channel } = await open('hangs');
      const controller = new AbortController();
      const sending = channel.send(envelope(channel), controller.signal);
      setTimeout(() => controller.abort(), 100);
      await expect(sending).rejects.toMatchObject({ name: 'SendError', kind: 'passing', reason: 'timeout' });
    });

    test('a send whose signal has aborted already reaches nobody', async () => {
      const { channel, receiver } = await open();
      await expect(channel.send(envelope(channel), AbortSignal.abort())).rejects.toMatchObject({
        kind: 'passing',
      });
      expect(receiver.taken()).toEqual([]);
    });
  },
);
