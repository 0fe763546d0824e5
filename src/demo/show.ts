// Shows received messages on the terminal.

import { styleText } from 'node:util';
import { wrapped } from '../model/wrapped-text.ts';
import type { ReceivedHook, ReceivedMail } from './receivers.ts';

type Style = Parameters<typeof styleText>[0];

/** Formats what arrived at the demo's receivers for a terminal, as its readers would see it. */
export interface Show {
  heading(text: string): string;
  dim(text: string): string;
  alarm(text: string): string;
  email(mail: ReceivedMail): Promise<string>;
  /** `what` says which message it is: `a message`, `an answer in its thread`. */
  slack(post: Readonly<Record<string, unknown>>, what: string): string;
  webhook(hook: ReceivedHook): string;
}

/** Wider lines are hard to read. */
const WIDEST = 100;

/** `columns` is the width of the terminal. */
export function openShow(colour: boolean, columns: number): Show {
  const width = Math.min(WIDEST, columns);
  const paint = (style: Style, text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const framed = (style: Style, title: string, body: string): string => {
    const bar = paint(style, '│');
    const rule = '─'.repeat(Math.max(2, width - title.length - 4));
    const lines = body
      .trimEnd()
      .split('\n')
      .flatMap((line) => wrapped(line, width - 2));
    return [
      paint(style, `┌─ ${title} ${rule}`),
      ...lines.map((line) => `${bar} ${line}`.trimEnd()),
      paint(style, `└${'─'.repeat(width - 1)}`),
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
    slack: (post, what) =>
      framed(
        'magenta',
        `SLACK, ${what}`,
        blocksText(post, width, bold, (text) => paint('dim', text)),
      ),
    webhook(hook) {
      const verdict = hook.verified
        ? paint('green', "✓ signature verified with the receiver's own secret")
        : paint('red', '✗ signature refused');
      const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
      const headers = names.map((name) => `${paint('dim', `${name}:`)} ${String(hook.headers[name] ?? '')}`);
      const body = JSON.stringify(shortened(JSON.parse(hook.body)), null, 2);
      const title = `WEBHOOK POST ${hook.path}, the JSON shortened`;
      return framed('blue', title, [verdict, ...headers, '', body].join('\n'));
    },
  };
}

/** The outline of a body, without lists and objects three levels down. */
function shortened(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, 1).map((item) => shortened(item, depth));
  const entries = Object.entries(value);
  if (depth < 2) return Object.fromEntries(entries.map(([key, item]) => [key, shortened(item, depth + 1)]));
  const plain = entries.filter(([, item]) => typeof item !== 'object' || item === null);
  return plain.length === entries.length ? value : { ...Object.fromEntries(plain.slice(0, 3)), '…': '…' };
}

type Words = (text: string) => string;

/** Block Kit as text: bold and quotes as in Slack, two columns of fields. */
function blocksText(post: Readonly<Record<string, unknown>>, width: number, bold: Words, dim: Words): string {
  const blocks = Array.isArray(post.blocks) ? (post.blocks as SlackBlock[]) : [];
  if (blocks.length === 0) return plain(String(post.text ?? ''), bold);
  return blocks
    .map((block) => {
      if (block.type === 'divider') return dim('─'.repeat(width - 4));
      if (block.type === 'header') return bold(plain(block.text?.text ?? '', String));
      if (block.type === 'context')
        return dim((block.elements ?? []).map(({ text }) => plain(text, String)).join('\n'));
      const fields = (block.fields ?? []).map(({ text }) => {
        const [label = '', ...value] = plain(text, String).split('\n');
        return `${bold(label.replaceAll('*', '').padEnd(12))} ${value.join(' ')}`;
      });
      return [...(block.text === undefined ? [] : [plain(block.text.text, bold).trimEnd()]), ...fields].join(
        '\n',
      );
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
