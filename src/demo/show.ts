import { styleText } from 'node:util';
import type { ReceivedHook, ReceivedMail } from './receivers.ts';

type Style = Parameters<typeof styleText>[0];

/** Shows on a terminal what arrived at the demo's receivers, as its readers would see it. */
export interface Show {
  heading(text: string): string;
  dim(text: string): string;
  alarm(text: string): string;
  email(mail: ReceivedMail): Promise<string>;
  slack(post: Readonly<Record<string, unknown>>): string;
  webhook(hook: ReceivedHook): string;
}

const WIDTH = 100;

export function openShow(colour: boolean): Show {
  const paint = (style: Style, text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const framed = (style: Style, title: string, body: string): string => {
    const bar = paint(style, '│');
    const rule = '─'.repeat(Math.max(2, WIDTH - title.length - 4));
    const lines = body.trimEnd().split('\n');
    return [
      paint(style, `┌─ ${title} ${rule}`),
      ...lines.map((line) => `${bar} ${line}`.trimEnd()),
      paint(style, `└${'─'.repeat(WIDTH - 1)}`),
    ].join('\n');
  };
  const bold = (text: string): string => paint('bold', text);

  return {
    heading: (text) => paint(['bold', 'cyan'], text),
    dim: (text) => paint('dim', text),
    alarm: (text) => paint(['bold', 'red'], text),
    async email(mail) {
      const { default: PostalMime } = await import('postal-mime');
      const { subject = '', text = '', messageId = '' } = await PostalMime.parse(mail.raw);
      const head = [
        `${paint('dim', 'From:')}    ${mail.from}`,
        `${paint('dim', 'To:')}      ${mail.to.join(', ')}`,
        `${paint('dim', 'Subject:')} ${bold(subject)}`,
        `${paint('dim', 'Id:')}      ${messageId}`,
      ].join('\n');
      return framed(
        'yellow',
        'EMAIL, the text part; the HTML part says the same in tables',
        `${head}\n\n${text}`,
      );
    },
    slack: (post) =>
      framed(
        'magenta',
        `SLACK ${String(post.channel ?? '')}`,
        blocksText(post, bold, (text) => paint('dim', text)),
      ),
    webhook(hook) {
      const verdict = hook.verified
        ? paint('green', "✓ signature verified with the receiver's own secret")
        : paint('red', '✗ signature refused');
      const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
      const headers = names.map((name) => `${paint('dim', `${name}:`)} ${String(hook.headers[name] ?? '')}`);
      const body = JSON.stringify(JSON.parse(hook.body), null, 2).split('\n');
      const shown =
        body.length > MOST_JSON_LINES
          ? [...body.slice(0, MOST_JSON_LINES), paint('dim', `… ${body.length - MOST_JSON_LINES} more lines`)]
          : body;
      return framed('blue', `WEBHOOK POST ${hook.path}`, [verdict, ...headers, '', ...shown].join('\n'));
    },
  };
}

const MOST_JSON_LINES = 36;

type Words = (text: string) => string;

/** Block Kit as text: bold and quoted as Slack would draw it, two fields a line. */
function blocksText(post: Readonly<Record<string, unknown>>, bold: Words, dim: Words): string {
  const blocks = Array.isArray(post.blocks) ? (post.blocks as SlackBlock[]) : [];
  if (blocks.length === 0) return plain(String(post.text ?? ''), bold);
  return blocks
    .map((block) => {
      if (block.type === 'divider') return dim('─'.repeat(WIDTH - 4));
      if (block.type === 'header') return bold(plain(block.text?.text ?? '', String));
      if (block.type === 'context')
        return dim((block.elements ?? []).map(({ text }) => plain(text, String)).join('\n'));
      const fields = (block.fields ?? []).map(({ text }) => {
        const [label = '', ...value] = plain(text, String).split('\n');
        return `${bold(label.replaceAll('*', '').padEnd(12))} ${value.join(' ')}`;
      });
      return [...(block.text === undefined ? [] : [plain(block.text.text, bold)]), ...fields].join('\n');
    })
    .join('\n\n');
}

interface SlackBlock {
  readonly type: string;
  readonly text?: { readonly text: string };
  readonly fields?: readonly { readonly text: string }[];
  readonly elements?: readonly { readonly text: string }[];
}

/** Slack's markup as a reader sees it. */
function plain(text: string, bold: Words): string {
  return text
    .replace(/```\n?/g, '')
    .replace(/^\*(.+)\*$/gm, (_, words: string) => bold(words))
    .replace(/^> /gm, '▏ ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
