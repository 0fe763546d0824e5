import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderAlertmanager } from '../../src/channels/alertmanager.ts';
import { renderDingtalk } from '../../src/channels/dingtalk.ts';
import { renderDiscord } from '../../src/channels/discord.ts';
import { withPicture } from '../../src/channels/email/html.ts';
import { renderEmail } from '../../src/channels/email/render.ts';
import { renderFeishu } from '../../src/channels/feishu.ts';
import { renderPagerduty } from '../../src/channels/pagerduty.ts';
import { renderSlack } from '../../src/channels/slack/blocks.ts';
import { renderTeams } from '../../src/channels/teams.ts';
import { renderTelegram } from '../../src/channels/telegram.ts';
import { renderWecom } from '../../src/channels/wecom.ts';
import { pictureOf } from '../../src/charts/picture.ts';
import type { Chart } from '../../src/model/chart.ts';
import type { Message } from '../../src/model/message.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { SAMPLES } from './samples.ts';

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const file = (name: string): string => new URL(`../../docs/messages/${name}`, import.meta.url).pathname;

// After an intended change: npx vitest run test/channels/samples.test.ts -u
describe.each(Object.entries(SAMPLES))('docs/messages shows %s as it is', (name, message) => {
  test('in text', () => expect(plainText(message)).toMatchFileSnapshot(file(`${name}.txt`)));

  test('in HTML', () => {
    const { html, picture } = renderEmail(message, 'dlv_01', 'spendwatch@example.com');
    // In place of the part of the mail, the file beside it.
    const shown = withPicture(html, '', picture?.chart.alt ?? '').replace('"cid:"', `"${name}.png"`);
    return expect(picture === undefined ? html : shown).toMatchFileSnapshot(file(`${name}.html`));
  });

  test('in Slack', () =>
    expect(pretty(renderSlack(message, 'dlv_01'))).toMatchFileSnapshot(file(`${name}.slack.json`)));

  test('in a webhook', () => expect(`${message.json}\n`).toMatchFileSnapshot(file(`${name}.webhook.json`)));
});

/** The renderer smooths edges a little differently on other machines. */
const isSameMachine = process.platform === 'linux' && process.arch === 'x64';
const pictured = Object.entries(SAMPLES).filter(([, { chart }]) => chart !== null);

// After an intended change, delete the files and run this.
test.skipIf(!isSameMachine).each(pictured)(
  'docs/messages shows the picture of %s as it is',
  async (name, message) => {
    const picture = await pictureOf(message.chart as Chart);
    const path = file(`${name}.png`);
    if (!existsSync(path)) writeFileSync(path, picture ?? '');
    expect(picture?.equals(readFileSync(path))).toBe(true);
  },
);

/** The other forms of two messages; the rest of them differ in nothing that the form decides. */
const FORMS: Readonly<Record<string, (message: Message) => unknown>> = {
  discord: renderDiscord,
  teams: renderTeams,
  telegram: renderTelegram,
  pagerduty: (message: Message) => renderPagerduty(message, 'dlv_01'),
  alertmanager: renderAlertmanager,
  feishu: renderFeishu,
  dingtalk: renderDingtalk,
  wecom: renderWecom,
};

describe.each(['alert', 'alert-many'])('docs/messages shows %s as it is', (name) => {
  test.each(Object.entries(FORMS))('for %s', (form, render) => {
    const message = SAMPLES[name] as Message;
    return expect(pretty(render(message))).toMatchFileSnapshot(file(`${name}.${form}.json`));
  });
});

interface Part {
  readonly value: number;
  readonly calls: number;
}
interface FindingInJson extends Part {
  readonly metric: string;
  readonly breakdown: Readonly<Record<string, readonly Part[]>>;
  readonly others?: Readonly<Record<string, Part>>;
}

test('the figures of the samples add up', () => {
  for (const [name, { json }] of Object.entries(SAMPLES)) {
    const { data } = JSON.parse(json) as { data: { alerts?: { finding: FindingInJson }[] } };
    for (const { finding } of data.alerts ?? []) {
      for (const [dimension, parts] of Object.entries(finding.breakdown)) {
        const rest = finding.others?.[dimension];
        const all = rest === undefined ? parts : [...parts, rest];
        const sum = (of: keyof Part): number => all.reduce((total, part) => total + part[of], 0);
        expect([name, dimension, sum('value').toFixed(6), sum('calls')]).toEqual([
          name,
          dimension,
          finding.value.toFixed(6),
          finding.calls,
        ]);
      }
    }
  }
});
