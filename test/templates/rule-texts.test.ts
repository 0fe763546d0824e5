import { describe, expect, it } from 'vitest';
import { renderDingtalk } from '../../src/channels/dingtalk.ts';
import { renderDiscord } from '../../src/channels/discord.ts';
import { renderEmail } from '../../src/channels/email/render.ts';
import { renderFeishu } from '../../src/channels/feishu.ts';
import { renderSlack } from '../../src/channels/slack/blocks.ts';
import { renderTeams } from '../../src/channels/teams.ts';
import { renderTelegram } from '../../src/channels/telegram.ts';
import { renderWecom } from '../../src/channels/wecom.ts';
import { endedMessage, keptAlert, NO_FIGURES } from '../../src/model/ended-alert.ts';
import type { Message } from '../../src/model/message.ts';
import type { Rule } from '../../src/model/rule.ts';
import { openTemplates } from '../../src/templates/open.ts';
import { withFill } from '../../src/templates/rule-texts.ts';
import {
  AT,
  amount,
  HOSTILE_NAMES,
  sampleAlert,
  sampleNews,
  sampleRule,
} from '../channels/sample-messages.ts';

const templates = await openTemplates();
const filled = (changes: Partial<Rule>): Rule => withFill(sampleRule(changes), templates, 'production');
const TEXTS = {
  message: 'Stop {{ group.service }} on {{ name }}: {{ value | round }}, owner {{ owner }}',
  links: { Logs: 'https://logs.example.com/?s={{ group.service }}&from={{ window.from }}' },
  owner: 'search team',
};

describe('the texts of a rule', () => {
  it('are filled in for each alert', () => {
    const alerts = [sampleAlert(), sampleAlert({ key: ['chat'], value: amount('200') }, { id: 'b' })];
    const { note, sections, json } = sampleNews(alerts, filled(TEXTS));
    expect(note).toBe('Stop search on production: 312, owner search team');
    expect(sections[0]?.links).toEqual([
      { label: 'Logs', url: 'https://logs.example.com/?s=search&from=2026-11-20T01%3A05%3A00Z' },
    ]);
    expect(sections[1]?.links?.[0]?.url).toContain('?s=chat&');
    expect(sections[1]?.facts).toContainEqual(['Note', 'Stop chat on production: 200, owner search team']);
    const { data } = JSON.parse(json);
    expect(data.message).toBe(note);
    expect(data.alerts[1]).toMatchObject({
      message: 'Stop chat on production: 200, owner search team',
      links: { Logs: expect.stringContaining('?s=chat&') },
    });
  });

  it('have at most 2,000 characters, also for programs', () => {
    const rule = filled({ message: '{% for i in (1..5000) %}x{% endfor %}' });
    const { data } = JSON.parse(sampleNews([sampleAlert()], rule).json);
    expect(data.message).toHaveLength(2000);
  });

  it('without templates stay as they are', () => {
    const rule = sampleRule({ message: 'Costs { $5 } 100 %}' });
    expect(withFill(rule, templates, null)).toBe(rule);
  });

  it('are kept with the alert until it ends', () => {
    const kept = keptAlert(filled(TEXTS), sampleAlert(), true, ['oncall'], 'UTC');
    const closing = { groupId: 'g', how: 'resolved', at: AT } as const;
    const incident = { id: 'k3x9q', subject: 'service search', isClosed: true };
    const time = { at: AT, dataAsOf: AT, zone: 'UTC', timestamp: AT };
    const stored = JSON.parse(JSON.stringify(kept));
    const ended = { noticeKey: 'k', kept: stored, closing, figures: NO_FIGURES, incident: incident.id };
    const { sections, json } = endedMessage([ended], { ...time, incident });
    expect(sections[0]?.links?.[0]?.url).toContain('?s=search&');
    expect(sections[0]?.facts[0]).toEqual(['Rule', 'hourly-burn, critical; owner: search team']);
    expect(JSON.parse(json).data).toMatchObject({ owner: 'search team', links: kept.context?.links });
    const { context: _, ...older } = stored;
    expect(
      endedMessage([{ ...ended, kept: older }], { ...time, incident }).sections[0]?.links,
    ).toBeUndefined();
  });

  it('are not filled in for alerts that are only counted', () => {
    const { context } = keptAlert(filled(TEXTS), sampleAlert(), false, [], 'UTC');
    expect(context).toMatchObject({ message: null, links: {}, owner: 'search team' });
  });

  it('that cannot be filled in are shown as they are written, and lose no alert', () => {
    const rule = filled({
      message: '{% for i in (1..calls) %}{% for j in (1..calls) %}x{% endfor %}{% endfor %}',
      links: { Logs: 'https://logs.example.com/{% for i in (1..3000) %}x{% endfor %}' },
    });
    const { note, sections } = sampleNews([sampleAlert()], rule);
    expect(note).toContain(rule.message);
    expect(note).toMatch(
      /\(This text could not be filled in: it (makes too much|takes longer than 100 ms)\.\)/,
    );
    expect(note).toMatch(
      /\(The link Logs is missing: it is not an http\(s\) URL of at most 2,000 characters\.\)/,
    );
    expect(sections[0]?.links).toBeUndefined();
  });
});

const MARKDOWN = /\]\((https?:[^)]*)\)/g;
const CHANNELS: Readonly<Record<string, readonly [(message: Message) => unknown, link: RegExp]>> = {
  email: [(message) => renderEmail(message, 'dlv_1', 'example.com').html, /href="([^"]*)"/g],
  slack: [(message) => renderSlack(message, 'dlv_1'), /<([^|>]*)\|/g],
  discord: [renderDiscord, MARKDOWN],
  teams: [renderTeams, /"url":"([^"]*)"/g],
  telegram: [renderTelegram, /href="([^"]*)"/g],
  feishu: [renderFeishu, /"url":"([^"]*)"/g],
  dingtalk: [renderDingtalk, MARKDOWN],
  wecom: [renderWecom, MARKDOWN],
};

describe.each(Object.entries(CHANNELS))('in %s', (_, [render, link]) => {
  const linksIn = (message: Message): string[] => {
    const text = JSON.stringify(render(message)).replaceAll('\\"', '"');
    return [...text.matchAll(link)].map(([, url = '']) => url.replaceAll('&amp;', '&'));
  };

  it.each([
    ...HOSTILE_NAMES,
    'https://evil.example/',
    '](https://evil.example/)',
    '<https://evil.example|x>',
  ])('a name in a template becomes no link, and no part of one but a value: %j', (service) => {
    const rule = filled({
      message: 'See {{ group.service }}',
      links: { Logs: 'https://logs.example.com/{{ group.service }}' },
    });
    const links = linksIn(sampleNews([sampleAlert({ key: [service], breakdown: {} })], rule));
    expect(links).toHaveLength(1);
    expect(links[0]).toMatch(/^https:\/\/logs\.example\.com\/[\w\-.~%]*$/);
  });
});
