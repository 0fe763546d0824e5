import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
import type { MessageChart } from '../../src/model/chart.ts';
import type { Message } from '../../src/model/message.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { allSamples, type Group, type Sample } from './story/all-samples.ts';

const SAMPLES = await allSamples();
const ID = 'dlv_01';

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
const folder = new URL('../../docs/messages/', import.meta.url).pathname;
const all = Object.values(SAMPLES).flatMap((group) => Object.entries(group));

/** The forms for people. */
const PEOPLE: Readonly<Record<string, (message: Message, name: string) => string>> = {
  txt: (message) => plainText(message),
  html: htmlOf,
  'slack.json': (message) => pretty(renderSlack(message, ID)),
  'teams.json': (message) => `${JSON.stringify(renderTeams(message))}\n`,
  'discord.json': (message) => pretty(renderDiscord(message)),
  'telegram.json': (message) => pretty(renderTelegram(message)),
  'feishu.json': (message) => pretty(renderFeishu(message)),
  'dingtalk.json': (message) => pretty(renderDingtalk(message)),
  'wecom.json': (message) => pretty(renderWecom(message)),
};

/** The forms for programs: of several events, the posts in a list. */
const PROGRAMS: Readonly<Record<string, (messages: readonly Message[]) => string>> = {
  'webhook.json': (messages) => listed(messages, ({ json }) => json),
  'pagerduty.json': (messages) => listed(messages, (one) => pretty(renderPagerduty(one, ID))),
  'alertmanager.json': (messages) => listed(messages, (one) => pretty(renderAlertmanager(one))),
};

const FORMS: Readonly<Record<Group, readonly string[]>> = {
  main: [...Object.keys(PEOPLE), ...Object.keys(PROGRAMS)],
  notes: Object.keys(PEOPLE),
  edited: ['slack.json', 'telegram.json', 'discord.json'],
  extreme: ['txt', 'html', 'slack.json', 'teams.json', 'discord.json', 'telegram.json', 'webhook.json'],
  reports: [...Object.keys(PEOPLE), 'webhook.json'],
  health: [...Object.keys(PEOPLE), 'webhook.json'],
};

/** Charts that are drawn: one of each kind. */
const PICTURED = [
  'alert',
  'anomaly',
  'incident-grown',
  'extreme-huge',
  'extreme-tiny',
  'extreme-yen',
  'extreme-foreign-names',
  'report',
  'report-month',
];

function formOf({ people, programs }: Sample, name: string, form: string): string {
  return PEOPLE[form]?.(people, name) ?? PROGRAMS[form]?.(programs) ?? '';
}

/** In place of the part of the mail, the file beside it. */
function htmlOf(message: Message, name: string): string {
  const { html, picture } = renderEmail(message, ID, 'spendwatch@example.com');
  if (picture === undefined || !PICTURED.includes(name)) return html;
  return withPicture(html, '', picture.chart.alt).replace('"cid:"', `"${name}.png"`);
}

function listed(messages: readonly Message[], render: (message: Message) => string): string {
  const [only = '', ...more] = messages.map((one) => render(one).trimEnd());
  return more.length === 0 ? `${only}\n` : `[\n${[only, ...more].join(',\n')}\n]\n`;
}

// After an intended change: npx vitest run test/channels/samples.test.ts -u
describe.each(Object.entries(SAMPLES))('docs/messages shows every %s message as it is', (group, samples) => {
  const cases = Object.entries(samples).flatMap(([name, sample]) =>
    FORMS[group as Group].map((form) => [`${name}.${form}`, formOf(sample, name, form)] as const),
  );
  test.each(cases)('%s', (file, text) => expect(text).toMatchFileSnapshot(`${folder}${file}`));
});

test('docs/messages has no other files', () => {
  const known = Object.entries(SAMPLES).flatMap(([group, samples]) =>
    Object.keys(samples).flatMap((name) => FORMS[group as Group].map((form) => `${name}.${form}`)),
  );
  const files = [...known, ...PICTURED.map((name) => `${name}.png`), 'README.md'];
  expect(readdirSync(folder).filter((file) => !files.includes(file))).toEqual([]);
});

test.each(all.map(([name]) => name))('docs/messages/README.md says what %s is', (name) => {
  expect(readFileSync(`${folder}README.md`, 'utf8')).toContain(`\`${name}\``);
});

/** The renderer smooths edges a little differently on other machines. */
const isSameMachine = process.platform === 'linux' && process.arch === 'x64';

// After an intended change, delete the files and run this.
test.skipIf(!isSameMachine).each(PICTURED)('docs/messages shows the picture of %s as it is', async (name) => {
  const message = all.find(([one]) => one === name)?.[1].people;
  const picture = await pictureOf(message?.chart as MessageChart);
  const path = `${folder}${name}.png`;
  if (!existsSync(path)) writeFileSync(path, picture ?? '');
  expect(picture?.equals(readFileSync(path))).toBe(true);
});

const open = all.filter(
  ([, { people }]) =>
    people.incident?.isClosed === false && people.incident.isNews !== false && people.type === 'alert.firing',
);

test.each(open)(
  'the command that silences the incident of %s can be pasted from every chat',
  (name, sample) => {
    const command = `spendwatch silence add incident=${sample.people.incident?.id} --for 2h`;
    const without = Object.keys(PEOPLE).filter((form) => !formOf(sample, name, form).includes(command));
    expect(without).toEqual([]);
  },
);

test('the end of an incident begins with its most severe rule', () => {
  const { people } = SAMPLES.main['incident-resolved'] as Sample;
  expect(people.alerts.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual([
    'hourly-burn critical',
    'call-storm warning',
    'user-burn warning',
    'spend-anomaly warning',
  ]);
  expect(people.severity).toBe('critical');
});

test('a mail about an end is green and a note blue, whatever the severity was', () => {
  const toneOf = (sample: Sample | undefined) =>
    /bgcolor="(#\w+)"/.exec(htmlOf((sample as Sample).people, ''))?.[1];
  expect(toneOf(SAMPLES.main['incident-resolved'])).toBe('#1a7f37');
  expect(toneOf(SAMPLES.health.sees)).toBe('#1a7f37');
  expect(toneOf(SAMPLES.main['incident-reopened'])).toBe('#8f5a00');
  expect(toneOf(SAMPLES.notes['incident-silenced'])).toBe('#2457a7');
});

test('what is still told of an earlier poll says as of when', () => {
  const { sections } = (SAMPLES.edited['incident-edited'] as Sample).people;
  expect(sections.map(({ headline }) => headline)).toEqual([
    'hourly-burn: service search: $149.12 in 1h',
    'user-burn: user svc-indexer: $71.89 in 1h, as of 2026-11-19 22:30 UTC',
    'call-storm: model gpt-4.1: 1,322 calls in 10m, as of 2026-11-19 22:30 UTC',
    'spend-anomaly: service search: $83.56 in 1h, as of 2026-11-19 22:30 UTC',
  ]);
});
