import { afterEach, describe, expect, it } from 'vitest';
import { slack } from '../../src/channels/slack/slack.ts';
import { startSlackReceiver } from '../../src/demo/slack-receiver.ts';
import type { Chart } from '../../src/model/chart.ts';
import { SAMPLE_CHARTS } from '../charts/sample-charts.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const never = new AbortController().signal;
const { alert: ALERT } = SAMPLE_CHARTS;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

type Respond = NonNullable<NonNullable<Parameters<typeof startSlackReceiver>[0]>['respond']>;
const refusing = (error: string) => ({ status: 200, body: JSON.stringify({ ok: false, error }) });

async function open(respond: Respond = () => undefined, keys: Readonly<Record<string, unknown>> = {}) {
  const server = await startSlackReceiver({ respond });
  cleanups.push(server.close);
  const bot = { type: 'slack', token: 'xoxb-1', channel: '#llm-spend', api_url: server.apiUrl };
  const channel = await slack.open('oncall', slack.schema.parse({ ...bot, ...keys }));
  const send = (chart: Chart | null = ALERT, id = 'dlv_7') =>
    channel.send(
      { id, body: channel.render(sampleNews([sampleAlert({}, { chart })]), id), accepted: [] },
      never,
    );
  const methods = () => server.calls.map(({ method }) => method);
  return { server, send, methods };
}

describe('a picture in Slack', () => {
  it('is shared below the message, with words for those who do not see it', async () => {
    const { server, send } = await open();
    expect(await send()).toMatchObject({ answer: 'ok' });
    const [file, ...others] = server.files;
    expect(others).toEqual([]);
    expect(file).toMatchObject({
      name: 'chart.png',
      title: ALERT.title,
      alt: ALERT.alt,
      channelId: 'C0DEMO0001',
    });
    expect(file?.threadTs).toMatch(/^\d+\.\d+$/);
    expect(file?.bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(server.posts).toHaveLength(1);
    expect(server.posts[0]).not.toHaveProperty('chart');
  });

  it('is shared below a message that was taken as plain text, too', async () => {
    const { server, send } = await open((_, attempt) =>
      attempt === 1 ? refusing('invalid_blocks') : undefined,
    );
    expect(await send()).toMatchObject({ answer: 'ok as plain text (invalid_blocks)' });
    expect(server.files).toHaveLength(1);
  });

  it('is not there without the scope, which is said once', async () => {
    const { send, methods } = await open(({ method }) =>
      method.startsWith('files.') ? refusing('missing_scope') : undefined,
    );
    expect(await send()).toMatchObject({ answer: 'ok (no picture: the token lacks the scope files:write)' });
    expect(await send(ALERT, 'dlv_8')).toMatchObject({ answer: 'ok' });
    expect(methods()).toEqual(['chat.postMessage', 'files.getUploadURLExternal', 'chat.postMessage']);
  });

  it.each(['files.getUploadURLExternal', 'files.completeUploadExternal'])(
    'that fails at %s fails no delivery',
    async (failing) => {
      const { send } = await open(({ method }) =>
        method === failing ? refusing('internal_error') : undefined,
      );
      expect(await send()).toMatchObject({ answer: 'ok (no picture: Slack refused: internal_error)' });
    },
  );

  it('that cannot be drawn fails no delivery', async () => {
    const { send, methods } = await open();
    const broken = { ...ALERT, ticks: null } as unknown as Chart;
    expect(await send(broken)).toMatchObject({ answer: 'ok (no picture: it could not be drawn)' });
    expect(methods()).toEqual(['chat.postMessage']);
  });

  it('that hangs is given up after some seconds', { timeout: 20_000 }, async () => {
    const { send } = await open(({ method }) => (method.startsWith('files.') ? 'hang' : undefined));
    expect((await send()).answer).toMatch(/^ok \(no picture: /);
  });

  it('is left out where there is none, and where it is switched off', async () => {
    const { send, methods } = await open(undefined, { pictures: 'off' });
    expect(await send()).toMatchObject({ answer: 'ok' });
    const on = await open();
    expect(await on.send(null)).toMatchObject({ answer: 'ok' });
    expect([...methods(), ...on.methods()]).toEqual(['chat.postMessage', 'chat.postMessage']);
  });
});
