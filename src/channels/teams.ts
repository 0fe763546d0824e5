// Posts messages to Microsoft Teams as Adaptive Cards, through a workflow.

import { z } from 'zod';
import { SendError } from '../model/errors.ts';
import type { MessageLink } from '../model/link.ts';
import type { Message, MessageSection, MessageTable } from '../model/message.ts';
import type { Secret } from '../model/secret.ts';
import { secretUrlKey } from '../model/secret-key.ts';
import type { ChannelType, Receipt } from './channel.ts';
import { judgedLine } from './transport/chat-text.ts';
import { bytesOf } from './transport/fit.ts';
import { statusFailure } from './transport/http.ts';
import { inert } from './transport/inert.ts';
import { type Answer, expectSuccess, objectOf, openPosting, refusal } from './transport/posting.ts';
import { NO_PROXIES, proxyKey } from './transport/proxy-choice.ts';
import { renderWithin } from './transport/shorten.ts';
import { type Tone, toneOf } from './transport/tone.ts';

interface TeamsOptions {
  readonly type: 'teams';
  readonly url: Secret;
  readonly proxy: Secret | null;
}

/**
 * The longest post, in bytes. Teams documents about 28 KB, and in practice refuses some of 21 KB; a workflow answers before
 * it posts, so nobody would learn of a refusal. Source: learn.microsoft.com, "Create an Incoming Webhook", notes, and
 * "Microsoft Teams" among the connectors, known issues.
 */
const LONGEST = 20_000;
/** Teams throttles from four posts a second on. Source: the same. */
const SPACING_MS = 1000;

/** The styles of a container, by what they mean to the reader. */
const STYLES: Readonly<Record<Tone, string>> = {
  critical: 'attention',
  warning: 'warning',
  info: 'accent',
  good: 'good',
};

type Element = Readonly<Record<string, unknown>>;

interface TeamsPost {
  readonly type: 'message';
  readonly attachments: readonly { readonly contentType: string; readonly content: Element }[];
}

/** Posts a card. Its URL is that of a workflow, or of an incoming webhook of old. */
export const teams: ChannelType<TeamsOptions> = {
  type: 'teams',
  schema: z
    .strictObject({
      type: z.literal('teams'),
      url: secretUrlKey('URL of a workflow that begins "When a Teams webhook request is received"'),
      proxy: proxyKey.exactOptional(),
    })
    .transform(({ proxy = null, ...keys }): TeamsOptions => ({ ...keys, proxy })),
  open(name, { url, proxy }, proxies = NO_PROXIES) {
    const posting = {
      type: 'teams',
      audience: 'people',
      spacingMs: SPACING_MS,
      url: url.reveal(),
      render: (message: Message) => JSON.stringify(renderTeams(message)),
      request: ({ body }: { readonly body: string }) => ({ body }),
      receipt: taken,
    } as const;
    return openPosting(name, posting, proxy, proxies);
  },
};

/** Pure. */
export function renderTeams(message: Message): TeamsPost {
  return renderWithin(message, post, (one) => bytesOf(JSON.stringify(one)) <= LONGEST);
}

function post(message: Message): TeamsPost {
  const { title, lead, note, sections, footer } = message;
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.5',
    msteams: { width: 'Full' },
    fallbackText: inert(title),
    body: [
      {
        type: 'Container',
        style: STYLES[toneOf(message)],
        bleed: true,
        items: [line([run(title, { size: 'Large', weight: 'Bolder' })])],
      },
      ...lead.map((sentence) => line([run(sentence)])),
      ...(note === null
        ? []
        : note.split('\n').map((text) => line([run(text, { weight: 'Bolder' })], 'Small'))),
      ...sections.flatMap((section, i) => sectionElements(section, i > 0)),
      ...footer.map((text) => line([run(text, { isSubtle: true, size: 'Small' })], 'Small')),
    ],
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }],
  };
}

function sectionElements(
  { headline, sentence = '', facts, links = [], tables, judged = [] }: MessageSection,
  parted: boolean,
): Element[] {
  const items = [
    ...(headline === '' ? [] : [line([run(headline, { weight: 'Bolder' })])]),
    ...(sentence === '' ? [] : [line([run(sentence)], 'Small')]),
    ...facts.map(([label, value]) => line([run(`${label}  `, { weight: 'Bolder' }), run(value)], 'None')),
    ...(links.length === 0 ? [] : [linkButtons(links)]),
    ...tables.map(tableElement),
    ...(judged.length === 0
      ? []
      : [line([run(judgedLine(judged), { isSubtle: true, size: 'Small' })], 'Small')]),
  ];
  return items.length === 0 ? [] : [{ type: 'Container', separator: parted, items }];
}

/**
 * Text in which nothing is markup: a TextRun knows no Markdown, while a TextBlock does. Source: learn.microsoft.com,
 * Adaptive Cards, schema explorer, "TextRun".
 */
function run(text: string, look: Element = {}): Element {
  return { type: 'TextRun', text: inert(text), ...look };
}

function line(inlines: readonly Element[], spacing?: 'None' | 'Small'): Element {
  return { type: 'RichTextBlock', ...(spacing !== undefined && { spacing }), inlines };
}

function linkButtons(links: readonly MessageLink[]): Element {
  const actions = links.map(({ label, url }) => ({ type: 'Action.OpenUrl', title: inert(label), url }));
  return { type: 'ActionSet', actions };
}

function tableElement({ columns, rows }: MessageTable): Element {
  const row = (cells: readonly string[], look: Element): Element => ({
    type: 'TableRow',
    cells: cells.map((cell) => ({ type: 'TableCell', items: [line([run(cell, look)])] })),
  });
  return {
    type: 'Table',
    firstRowAsHeaders: true,
    showGridLines: false,
    columns: columns.map((_, i) => ({ width: i === 0 ? 2 : 1 })),
    rows: [row(columns, { weight: 'Bolder' }), ...rows.map((cells) => row(cells, {}))],
  };
}

/** Incoming webhooks of old say in a 200 what Teams answered. Source: learn.microsoft.com, "Rate limiting for connectors". */
const RELAYED = /endpoint returned HTTP error (\d{3})/;
/** A workflow that was turned off or deleted answers 400, which a person can mend. */
const FLOW_IS_OFF = /^(WorkflowTriggerIsNotEnabled|WorkflowNotFound|WorkflowDisabled)$/;

function taken(answer: Answer): Receipt {
  const { peer, status, text, json, redact } = answer;
  const code = objectOf(json?.error)?.code;
  if (typeof code === 'string' && FLOW_IS_OFF.test(code)) {
    throw refusal(
      'The workflow',
      answer,
      { reason: 'refused', kind: 'person' },
      code,
      'turn it on, or copy its new URL',
    );
  }
  expectSuccess(answer);
  const relayed = RELAYED.exec(text)?.[1];
  if (relayed !== undefined) throw statusFailure(peer, { ...answer, status: Number(relayed) }, redact);
  if (/^Webhook (message delivery failed|Bad Request)/i.test(text)) {
    throw new SendError('server', 'passing', `${peer} answered HTTP ${status} with a failure to deliver`);
  }
  return { answer: `HTTP ${status}` };
}
