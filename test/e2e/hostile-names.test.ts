import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { type AuditDatabase, createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { samplesOf } from '../support/exposition.ts';
import { makeFolder } from '../support/folder.ts';
import { type Receivers, startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const NAMES = [
  'a\r\nBcc: everybody@example.com\r\n\r\nhello',
  'quote " backslash \\ brace } end',
  '<!channel> & <@U123>',
  '<script>alert(1)</script>',
  'x'.repeat(90),
  'rocket 🚀👩‍👩‍👧‍👦',
  'bidi \u202egnp.exe',
  '\u001b[31mred\u001b[0m',
  "it's|a pipe; 'x'=1",
  '',
];

describe('services with hostile names', () => {
  let audit: AuditDatabase;
  let ends: Receivers;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let worker: WorkerProcess;

  beforeAll(async () => {
    audit = await createAuditDatabase();
    ends = await startReceivers();
    folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url: audit.url, channels: ends.channels }) });
    const at = justNow();
    // The first is the largest: it comes into the subject.
    await audit.log(...NAMES.map((service, i) => ({ at, service, cost: `${500 - i}.000000` })));
    worker = await startWorkerProcess(folder.path, { SPENDWATCH_LOG_LEVEL: 'debug' });
    await until('each channel was told', () => Object.values(ends.counts()).every((count) => count > 0));
  });

  afterAll(async () => {
    await worker?.stop('SIGKILL');
    await Promise.all([ends?.close(), audit?.drop(), folder?.remove()]);
  });

  it('come out of the metrics, with pictures of the control characters that have no escape there', async () => {
    const samples = samplesOf((await worker.get('/metrics')).text);
    const services = samples.flatMap(({ name, labels }) =>
      name === 'spendwatch_rule_value' ? [labels.service] : [],
    );
    const shown = NAMES.map((name) => name.replaceAll('\r', '␍').replaceAll('\u001b', '␛'));
    expect(services.sort()).toEqual(shown.sort());
  });

  it('keep the log at one JSON object a line', async () => {
    const saying = (msg: string) => worker.log().filter((line) => line.msg === msg).length;
    await until('the deliveries are in the log', () => saying('delivered') === 3);
    expect(saying('new alert')).toBe(NAMES.length);
  });

  it('put no control or bidi character into what check prints', async () => {
    const at = new Date().toISOString();
    const printed = async (format: string) =>
      (await spendwatch(['check', '--at', at, '--format', format], { cwd: folder.path })).stdout;
    const table = await printed('table');
    const stdout = await printed('nagios');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(table + stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(table).toContain('<script>');
    expect(stdout.match(/\|/g)).toHaveLength(1);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('page nobody on Slack', () => {
    const post = JSON.stringify(ends.posts);
    expect(post).not.toMatch(/<!|<@/);
    expect(post).toContain('&lt;!channel&gt; &amp; &lt;@U123&gt;');
  });

  it('add no header and no markup to the email', async () => {
    const [mail] = ends.mails;
    expect(mail?.to).toEqual(['finance@example.com']);
    const parsed = await PostalMime.parse(mail?.raw ?? '');
    expect(parsed.headers.map(({ key }) => key)).not.toContain('bcc');
    expect(parsed.subject).toMatch(
      /^\[CRITICAL\] hourly-burn: a.*Bcc: everybody@example\.com.*\(\+9 more\)$/,
    );
    expect(parsed.html).not.toContain('<script');
    expect(parsed.html).toContain('&lt;script&gt;');
  });

  it('reach the webhook as they are, with a good signature', () => {
    const [hook] = ends.hooks;
    expect(hook?.verified).toBe(true);
    const { data } = JSON.parse(hook?.body ?? '') as {
      data: { alerts: { finding: { group: { service: string } } }[]; more: number };
    };
    const services = data.alerts.map(({ finding }) => finding.group.service);
    expect(services).toEqual(NAMES);
    expect(data.more).toBe(0);
  });
});
