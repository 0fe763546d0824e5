import {
  type ReceivedHook,
  type ReceivedMail,
  startSlackReceiver,
  startSmtpReceiver,
  startWebhookReceiver,
} from '../../src/demo/receivers.ts';

export const HOOK_SECRET = 'whsec_dGVzdC1zZWNyZXQtb2YtMzItYnl0ZXMtaW4tYWxsISE=';

/** One receiver of each kind, with the channels of a file that send to them: `oncall`, `finance`, `billing`. */
export interface Receivers {
  readonly mails: readonly ReceivedMail[];
  readonly posts: readonly Readonly<Record<string, unknown>>[];
  readonly hooks: readonly ReceivedHook[];
  /** How many messages each has taken. */
  counts(): { readonly mails: number; readonly posts: number; readonly hooks: number };
  /** The `channels` section of a file. */
  readonly channels: string;
  readonly hookUrl: string;
  close(): Promise<void>;
}

export async function startReceivers(
  options: Pick<Parameters<typeof startWebhookReceiver>[0], 'respond'> & {
    readonly hookSecret?: string;
    /** What the mail server and Slack answer in place of the usual. */
    readonly smtp?: Pick<NonNullable<Parameters<typeof startSmtpReceiver>[0]>, 'respond'>;
    readonly slack?: Pick<NonNullable<Parameters<typeof startSlackReceiver>[0]>, 'respond'>;
  } = {},
): Promise<Receivers> {
  const { hookSecret = HOOK_SECRET, ...rest } = options;
  const smtp = await startSmtpReceiver(options.smtp);
  const slack = await startSlackReceiver(options.slack);
  const hook = await startWebhookReceiver({ secret: hookSecret, ...rest });
  return {
    mails: smtp.received,
    posts: slack.posts,
    hooks: hook.received,
    counts: () => ({ mails: smtp.received.length, posts: slack.posts.length, hooks: hook.received.length }),
    channels: `channels:
  oncall: { type: slack, token: xoxb-test-token, channel: "#llm-spend", api_url: "${slack.apiUrl}" }
  finance:
    { type: email, from: spendwatch@example.com, to: [finance@example.com], host: 127.0.0.1, port: ${smtp.port}, tls: none }
  billing: { type: webhook, url: "${hook.url}", secret: "${hookSecret}" }
`,
    hookUrl: hook.url,
    close: async () => {
      await Promise.all([smtp.close(), slack.close(), hook.close()]);
    },
  };
}

/** The `type` of each body that a webhook receiver took. */
export function hookTypes(hooks: readonly ReceivedHook[]): string[] {
  return hooks.map(({ body }) => (JSON.parse(body) as { type: string }).type);
}
