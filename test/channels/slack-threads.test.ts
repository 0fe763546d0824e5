import { afterEach, describe, expect, it } from 'vitest';
import type { Envelope, Thread } from '../../src/channels/channel.ts';
import { slack } from '../../src/channels/slack/slack.ts';
import { type SlackCall, startSlackReceiver } from '../../src/demo/slack-receiver.ts';
import type { Message } from '../../src/model/message.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const never = new AbortController().signal;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const FIRST = sampleNews([sampleAlert()]);
const LATER = { ...FIRST, title: '[CRITICAL] later' };
const NOTE: Message = {
  ...FIRST,
  title: '[RESOLVED] over after 2 h, $612 in all',
  incident: { id: 'inc_1', subject: 'service search', isClosed: true, isNews: false },
};
const refusing = (error: string) => ({ status: 200, body: JSON.stringify({ ok: false, error }) });

async function open(respond: (call: SlackCall) => ReturnType<typeof refusing> | undefined = () => undefined) {
  const server = await startSlackReceiver({ respond });
  cleanups.push(server.close);
  const openAs = (channel: string) =>
    slack.open(
      'oncall',
      slack.schema.parse({ type: 'slack', token: 'xoxb-1', channel, api_url: server.apiUrl }),
    );
  const channel = await openAs('#llm-spend');
  const first = await channel.send(
    { id: 'dlv_1', body: channel.render(FIRST, 'dlv_1'), accepted: [] },
    never,
  );
  const root = { id: 'dlv_1', title: FIRST.title, now: { ...FIRST, title: 'now' } };
  const answer = async (
    message: Message,
    thread: Partial<Thread> = {},
    more: Partial<Envelope> & { readonly as?: string } = {},
  ) => {
    const { as, ...envelope } = more;
    const to = as === undefined ? channel : await openAs(as);
    const about = { rootRef: first.ref ?? null, isLatest: true, previousRef: null, ...thread };
    const body = to.render(message, 'dlv_2', root);
    return to.send({ id: 'dlv_2', body, accepted: [], thread: about, ...envelope }, never);
  };
  const calls = () => server.calls.slice(1).map(({ method }) => method);
  return { server, first, answer, calls };
}

describe('later news of an incident in Slack', () => {
  it('edits the first message to what is known now, then answers it where the channel sees it', async () => {
    const { server, answer, calls } = await open();
    expect((await answer(LATER)).answer).toBe('ok');
    expect(calls()).toEqual(['chat.update', 'chat.postMessage']);
    const [root, reply] = server.shown() as [Record<string, unknown>, Record<string, unknown>];
    expect(root.text).toBe('now');
    expect(reply).toMatchObject({ text: LATER.title, thread_ts: root.ts, reply_broadcast: 'true' });
    // What is for this program alone does not go out.
    expect(Object.keys(reply)).not.toEqual(expect.arrayContaining(['answers', 'plain', 'chart']));
  });

  it('that is a note stays in the thread', async () => {
    const { server, answer } = await open();
    await answer(NOTE);
    expect(server.shown()[1]).toMatchObject({ text: NOTE.title, reply_broadcast: 'false' });
  });

  it('does not edit the first message where a later one has done so', async () => {
    const { server, answer, calls } = await open();
    await answer(LATER, { isLatest: false });
    expect(calls()).toEqual(['chat.postMessage']);
    expect(server.shown()[0]?.text).toBe(FIRST.title);
  });

  it.each(['edit_window_closed', 'cant_update_message', 'message_not_found'])(
    'is posted where Slack refuses the edit with %s, and the receipt says so',
    async (error) => {
      const { answer, server } = await open(({ method }) =>
        method === 'chat.update' ? refusing(error) : undefined,
      );
      expect((await answer(LATER)).answer).toBe(`ok (the first message was not edited: ${error})`);
      expect(server.posts).toHaveLength(2);
    },
  );

  it('is tried again as a whole where the edit meets a trouble that passes', async () => {
    const { answer, server } = await open(({ method }) =>
      method === 'chat.update' ? refusing('ratelimited') : undefined,
    );
    await expect(answer(LATER)).rejects.toMatchObject({ kind: 'passing' });
    expect(server.posts).toHaveLength(1);
  });

  it('goes to the channel alone where its thread is gone', async () => {
    const { server, answer } = await open();
    await answer(LATER, { rootRef: '#llm-spend C0DEMO0001 1.000001', isLatest: false });
    expect(server.shown()[1]).not.toHaveProperty('thread_ts');
  });

  it('begins anew in another channel, where the file names another one meanwhile', async () => {
    const { server, answer } = await open();
    await answer(LATER, {}, { as: '#other' });
    expect(server.posts[1]).toMatchObject({ channel: '#other', text: LATER.title });
    expect(server.posts[1]).not.toHaveProperty('thread_ts');
    expect(server.shown()[0]?.text).toBe(FIRST.title);
  });

  it.each([LATER, NOTE])(
    'is found in its thread when it is sent again after a crash: $title',
    async (message) => {
      const { server, answer } = await open();
      const { ref } = await answer(message);
      const again = await answer(message, {}, { firstTriedAt: Date.now() - 60_000 });
      expect(again).toEqual({ answer: 'already in the channel', ref });
      expect(server.posts).toHaveLength(2);
    },
  );

  it('is found in the channel when it is sent again after a crash, where its thread was gone already', async () => {
    const { server, answer } = await open();
    const gone = { rootRef: '#llm-spend C0DEMO0001 1.000001', isLatest: false };
    await answer(LATER, gone);
    const again = await answer(LATER, gone, { firstTriedAt: Date.now() - 60_000 });
    expect(again.answer).toBe('already in the channel');
    expect(server.posts).toHaveLength(2);
  });

  it('links to the thread before, where a day has passed', async () => {
    const { server, first, answer } = await open();
    await answer(LATER, { rootRef: null, previousRef: first.ref ?? null });
    const [, second] = server.shown();
    expect(second).not.toHaveProperty('thread_ts');
    expect(JSON.stringify(second?.blocks)).toContain('https://demo.slack.com/archives/C0DEMO0001/p');
  });

  it.each([
    ['refuses', refusing('message_not_found')],
    ['answers with no link', { status: 200, body: '{"ok":true,"permalink":"https://x|<!channel>"}' }],
  ])('has no link where Slack %s', async (_, reply) => {
    const { server, first, answer } = await open(({ method }) =>
      method === 'chat.getPermalink' ? reply : undefined,
    );
    await answer(LATER, { rootRef: null, previousRef: first.ref ?? null });
    expect(JSON.stringify(server.posts[1]?.blocks)).not.toContain('said about it before');
  });
});
