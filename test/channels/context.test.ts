import { describe, expect, it } from 'vitest';
import { renderAlertmanager } from '../../src/channels/alertmanager.ts';
import type { Root } from '../../src/channels/channel.ts';
import { renderDingtalk } from '../../src/channels/dingtalk.ts';
import { renderDiscord } from '../../src/channels/discord.ts';
import { renderEmail } from '../../src/channels/email/render.ts';
import { renderFeishu } from '../../src/channels/feishu.ts';
import { ofInstallation } from '../../src/channels/installation.ts';
import { renderPagerduty } from '../../src/channels/pagerduty.ts';
import { renderSlack } from '../../src/channels/slack/blocks.ts';
import { renderTeams } from '../../src/channels/teams.ts';
import { renderTelegram } from '../../src/channels/telegram.ts';
import { renderWecom } from '../../src/channels/wecom.ts';
import { drillMessage } from '../../src/model/health-message.ts';
import type { Message } from '../../src/model/message.ts';
import type { Rule } from '../../src/model/rule.ts';
import { AT, sampleAlert, sampleNews } from './sample-messages.ts';

const RUNBOOK = 'https://wiki.example.com/hourly-burn';
const LOGS = 'https://logs.example.com/q?service=search&x=(1)|2';
const CONTEXT: Partial<Rule> = {
  owner: '@search team',
  runbook: RUNBOOK,
  links: { 'Lo*gs|': LOGS },
  labels: { team: 'search', service: 'mine' },
};

const withContext = sampleNews([sampleAlert()], CONTEXT);
const json = (value: unknown): string => JSON.stringify(value);

describe('the context of an alert', () => {
  it('is links in HTML, and text in the plain part', () => {
    const { html, text } = renderEmail(withContext, 'dlv_1', 'example.com');
    expect(html).toContain(
      `<a href="${RUNBOOK}" style="color:inherit;text-decoration:underline">Runbook</a>`,
    );
    expect(html).toContain('href="https://logs.example.com/q?service=search&amp;x=(1)|2"');
    expect(text).toMatch(/Runbook +https:\/\/wiki\.example\.com\/hourly-burn\n/);
    expect(text).toContain('hourly-burn, critical; owner: @search team');
  });

  it('is links in Slack, which end where they should', () => {
    const text = json(renderSlack(withContext, 'dlv_1'));
    expect(text).toContain(`<${RUNBOOK}|Runbook>`);
    expect(text).toContain('<https://logs.example.com/q?service=search&amp;x=(1)%7C2|Lo\u2217gs\u2758>');
  });

  it('is buttons in Teams and Feishu', () => {
    expect(json(renderTeams(withContext))).toContain(
      json({ type: 'Action.OpenUrl', title: 'Runbook', url: RUNBOOK }),
    );
    expect(json(renderFeishu(withContext))).toContain(`"content":"Runbook"},"url":"${RUNBOOK}"`);
  });

  it.each([
    ['Discord', renderDiscord],
    ['DingTalk', renderDingtalk],
    ['WeCom', renderWecom],
  ])('is links in Markdown in %s', (_, render) => {
    const text = json(render(withContext));
    expect(text).toContain(`[Runbook](${RUNBOOK})`);
    expect(text).toContain('](https://logs.example.com/q?service=search&x=%281%29%7C2)');
    expect(text).not.toContain('@search');
  });

  it('is links in Telegram, whose length is that of their labels', () => {
    const { text } = renderTelegram(withContext);
    expect(text).toContain(`<a href="${RUNBOOK}">Runbook</a>`);
    expect(text).toContain('href="https://logs.example.com/q?service=search&amp;x=(1)|2"');
  });

  it('is links and details in PagerDuty', () => {
    const { links, payload } = renderPagerduty(withContext, 'dlv_1');
    expect(links).toEqual([
      { href: RUNBOOK, text: 'Runbook' },
      { href: LOGS, text: 'Lo*gs|' },
    ]);
    expect(payload.custom_details).toMatchObject({
      alerts: [{ owner: '@search team', runbook: RUNBOOK, labels: CONTEXT.labels }],
    });
  });

  it('is labels and annotations in Alertmanager, where dimensions keep their names', () => {
    const [{ labels, annotations } = { labels: {}, annotations: {} }] = renderAlertmanager(withContext);
    expect(labels).toMatchObject({ team: 'search', service: 'search', service_: 'mine' });
    expect(annotations).toMatchObject({ owner: '@search team', runbook_url: RUNBOOK, lo_gs__url: LOGS });
  });

  it('is in the JSON of a webhook', () => {
    const { data } = JSON.parse(withContext.json);
    expect(data).toMatchObject({ owner: '@search team', runbook: RUNBOOK, labels: CONTEXT.labels });
    expect(data.links).toEqual({ 'Lo*gs|': LOGS });
    expect(data.alerts[0].links).toEqual(data.links);
    expect(Object.keys(JSON.parse(sampleNews([sampleAlert()]).json).data)).not.toContain('owner');
  });

  it('has each link once, although several alerts share it', () => {
    const two = sampleNews([sampleAlert(), sampleAlert({ key: ['chat'] }, { id: 'b' })], CONTEXT);
    expect(two.sections.map(({ links = [] }) => links.length)).toEqual([2, 0]);
  });
});

describe('the name of the installation', () => {
  const rendered = (message: Message): Message => {
    const channel = { render: (one: Message) => json(one) } as never;
    return JSON.parse(ofInstallation(channel, 'production').render(message, 'dlv_1'));
  };

  it('ends each message, and is in its JSON', () => {
    const drill = drillMessage({ channel: 'oncall', at: AT, zone: 'UTC', timestamp: AT });
    for (const message of [withContext, drill]) {
      const named = rendered(message);
      expect(named.footer.at(-1)).toBe('Sent by spendwatch production.');
      expect(JSON.parse(named.json)).toEqual({
        ...JSON.parse(message.json),
        data: { name: 'production', ...JSON.parse(message.json).data },
      });
    }
  });

  it('is in the message that a later one makes of the first', () => {
    const channel = { render: (_: Message, __: string, root: Root | null) => json(root) } as never;
    const root: Root = { id: 'dlv_0', title: 'x', now: withContext };
    const shown = JSON.parse(ofInstallation(channel, 'production').render(withContext, 'dlv_1', root));
    expect(shown.id).toBe('dlv_0');
    expect(shown.now.footer.at(-1)).toBe('Sent by spendwatch production.');
  });

  it('is a label in Alertmanager and the source in PagerDuty', () => {
    const named = rendered(withContext);
    expect(renderAlertmanager(named)[0]?.labels.installation).toBe('production');
    expect(renderPagerduty(named, 'dlv_1').payload.source).toBe('spendwatch production');
  });
});
