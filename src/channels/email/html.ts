// A message as HTML for mail programs.

import { htmlText } from '../../model/html-text.ts';
import type { MessageLink } from '../../model/link.ts';
import {
  type Fact,
  JUDGED_TITLE,
  type Message,
  type MessageSection,
  type MessageTable,
} from '../../model/message.ts';
import { toneOf } from '../transport/tone.ts';

/**
 * The message as HTML for mail programs. Nested tables and inline styles, because Outlook knows nothing else; nothing is
 * fetched, and the only links are those of the rule. A picture has its place, which `withPicture` fills. Only text on a
 * coloured background sets its colour, so that dark mode can change the rest.
 */
export function renderHtml(message: Message): string {
  const { type } = message;
  const tone = TONES[type === 'drill' ? 'drill' : toneOf(message)];
  const title = message.title.replace(/^\[[A-Z]+\] /, '');
  const badge = message.title.startsWith('[')
    ? message.title.slice(1, message.title.indexOf(']'))
    : kindOf(message);
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
    `<title>${htmlText(message.title)}</title></head>`,
    `<body style="margin:0;padding:12px;${FONT}">`,
    `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center">`,
    `<table role="presentation" width="640" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:640px;text-align:left">`,
    `<tr><td bgcolor="${tone}" style="background-color:${tone};color:#ffffff;padding:14px 18px;${FONT}">`,
    `<div style="font-size:12px;font-weight:bold;letter-spacing:1px;color:#ffffff">${htmlText(badge.toUpperCase())}</div>`,
    `<div style="font-size:20px;line-height:27px;font-weight:bold;color:#ffffff;${WRAP}">${htmlText(title)}</div>`,
    '</td></tr>',
    `<tr><td style="padding:6px 18px 18px 18px;border:1px solid #99a1ab;border-top:0;${FONT}">`,
    message.lead.map((sentence) => paragraph(sentence)).join('\n'),
    message.note === null ? '' : noteHtml(message.note, tone),
    message.chart === null ? '' : PICTURE_PLACE,
    message.sections.map((section, i) => sectionHtml(section, i > 0)).join('\n'),
    footerHtml(message.footer),
    '</td></tr></table></td></tr></table></body></html>',
    '',
  ]
    .filter((part, i, all) => part !== '' || i === all.length - 1)
    .join('\n');
}

/** What stands above a title that does not begin with it. */
function kindOf({ type, severity }: Message): string {
  return type === 'report' ? 'report' : severity;
}

/** Where the picture stands in a mail that has one. Without it the mail stays as it is. */
const PICTURE_PLACE = '<!-- picture -->';

/** The HTML with its picture, which is a part of the mail with this content id. */
export function withPicture(html: string, cid: string, alt: string): string {
  return withImage(html, `cid:${cid}`, alt);
}

function withImage(html: string, source: string, alt: string): string {
  const image = `<img src="${htmlText(source)}" width="604" alt="${htmlText(alt)}" style="display:block;width:100%;max-width:604px;height:auto;margin-top:14px;border:0">`;
  return html.replace(PICTURE_PLACE, () => image);
}

/**
 * The message as a page of its own, with its picture within it: for the screen of a computer or a phone, in the dark, and for
 * paper, which gets no coloured ground. `picture` is a PNG; null for none.
 */
export function renderPage(message: Message, picture: Buffer | null): string {
  const html = renderHtml(message).replace('</head>', () => `${PAGE_HEAD}</head>`);
  if (picture === null || message.chart === null) return html;
  return withImage(html, `data:image/png;base64,${picture.toString('base64')}`, message.chart.alt);
}

/** A page loads nothing. On paper, no table is torn apart and no heading is left alone. */
const PAGE_HEAD = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>
@page { size: A4; margin: 15mm }
@media print {
  :root { color-scheme: light }
  body { padding: 0 !important; color: #000000; background: #ffffff }
  td[bgcolor] { border-bottom: 2px solid #99a1ab; padding: 0 0 8px 0 !important; background: none !important }
  td[bgcolor] div { color: #000000 !important }
  td[style*="border:1px"] { border: 0 !important; padding: 0 !important }
  table table table, table table table tr, img, p { break-inside: avoid }
  div, div + p, th { break-after: avoid }
}
</style>
`;

/** Background colours on which white text has a contrast of at least 4.5. */
const TONES = {
  critical: '#b3261e',
  warning: '#8f5a00',
  info: '#2457a7',
  good: '#1a7f37',
  drill: '#4a5560',
} as const;
const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
/** Long names without a space must not make a phone scroll sideways. */
const WRAP = 'word-break:break-word;overflow-wrap:anywhere';
const RULE = 'border-top:1px solid #99a1ab';

function noteHtml(note: string, tone: string): string {
  const text = htmlText(note).replaceAll('\n', '<br>');
  return `<p style="margin:14px 0 0 0;padding:2px 0 2px 12px;border-left:4px solid ${tone};font-size:16px;line-height:22px;font-weight:bold;${WRAP}">${text}</p>`;
}

function paragraph(text: string): string {
  return `<p style="margin:14px 0 0 0;font-size:15px;line-height:21px;${WRAP}">${htmlText(text)}</p>`;
}

function sectionHtml(
  { headline, sentence = '', facts, links = [], tables, judged = [] }: MessageSection,
  isParted: boolean,
): string {
  const rule = isParted ? `margin-top:22px;padding-top:14px;${RULE}` : 'margin-top:14px';
  return [
    headline === ''
      ? ''
      : `<div style="${rule};font-size:17px;line-height:23px;font-weight:bold;${WRAP}">${htmlText(headline)}</div>`,
    sentence === '' ? '' : paragraph(sentence),
    ...(facts.length === 0 ? [] : [factsHtml(facts)]),
    ...(links.length === 0 ? [] : [linksHtml(links)]),
    ...tables.map(tableHtml),
    ...(judged.length === 0 ? [] : [judgedHeading, factsHtml(judged)]),
  ].join('\n');
}

const judgedHeading = `<div style="margin-top:16px;font-size:14px;line-height:20px;font-weight:bold">${JUDGED_TITLE}</div>`;

function factsHtml(facts: readonly Fact[]): string {
  const rows = facts.map(
    ([label, value]) =>
      `<tr><td valign="top" style="padding:3px 14px 3px 0;font-size:14px;line-height:20px;opacity:.75">${labelHtml(label)}</td>` +
      `<td valign="top" style="padding:3px 0;font-size:14px;line-height:20px;${WRAP}">${htmlText(value)}</td></tr>`,
  );
  return [
    `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin-top:6px">`,
    ...rows,
    '</table>',
  ].join('\n');
}

/** A short label stays on one line, whatever stands beside it. */
function labelHtml(label: string): string {
  const html = htmlText(label);
  return label.length > SHORT_LABEL ? html : html.replaceAll(' ', '&nbsp;');
}

const SHORT_LABEL = 13;

function linksHtml(links: readonly MessageLink[]): string {
  const shown = links.map(
    // The colour of the text around it reads well in the dark, too.
    ({ label, url }) =>
      `<a href="${htmlText(url)}" style="color:inherit;text-decoration:underline">${htmlText(label)}</a>`,
  );
  return `<p style="margin:8px 0 0 0;font-size:14px;line-height:20px;${WRAP}">${shown.join(' &middot; ')}</p>`;
}

/** The first column has words, and the row's bar. The others have numbers, which are aligned right so that they can be compared. */
function tableHtml({ columns, rows, bars = [] }: MessageTable): string {
  const cell = (tag: 'th' | 'td', text: string, i: number, bar?: number): string => {
    const place = i === 0 ? `text-align:left;${WRAP}` : 'text-align:right;white-space:nowrap';
    const weight = tag === 'th' ? 'font-weight:bold' : `font-weight:normal;${RULE}`;
    // About half for the names in every table: numbers line up, and names have room on a phone.
    const align = i === 0 ? 'align="left" width="46%"' : 'align="right"';
    const below = i === 0 && bar !== undefined ? barHtml(bar) : '';
    return `<${tag} ${align} valign="top" style="padding:4px ${i === columns.length - 1 ? 0 : 8}px 4px 0;font-size:14px;line-height:19px;${place};${weight}">${htmlText(text)}${below}</${tag}>`;
  };
  const line = (tag: 'th' | 'td', cells: readonly string[], bar?: number): string =>
    `<tr>${cells.map((text, i) => cell(tag, text, i, bar)).join('')}</tr>`;
  return [
    `<table width="100%" cellpadding="0" cellspacing="0" border="0" style="margin-top:14px;border-collapse:collapse;width:100%">`,
    line('th', columns),
    ...rows.map((row, i) => line('td', row, bars[i])),
    '</table>',
  ].join('\n');
}

/** A border, because it is printed where a background is not; of a table, because Outlook keeps the width of nothing else. */
function barHtml(part: number): string {
  if (part <= 0) return '';
  const percent = Math.min(100, Math.max(1, Math.round(part * 100)));
  const style = `margin-top:3px;border-top:6px solid ${BAR}`;
  return `<table role="presentation" width="${percent}%" cellpadding="0" cellspacing="0" border="0" style="${style}"><tr><td style="font-size:0;line-height:0">&nbsp;</td></tr></table>`;
}

/** It is seen on white and on black. */
const BAR = '#4a7fd0';

function footerHtml(footer: readonly string[]): string {
  if (footer.length === 0) return '';
  const text = footer.map(htmlText).join('<br>');
  return `<p style="margin:22px 0 0 0;padding-top:10px;${RULE};font-size:13px;line-height:19px;opacity:.75">${text}</p>`;
}
