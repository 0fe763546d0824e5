import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { compose } from '../../src/channels/email/compose.ts';
import { emailSchema } from '../../src/channels/email/options.ts';
import { renderEmail } from '../../src/channels/email/render.ts';
import type { Chart } from '../../src/model/chart.ts';
import { SAMPLE_CHARTS } from '../charts/sample-charts.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const OPTIONS = emailSchema.parse({
  type: 'email',
  to: ['a@example.com'],
  from: 'spendwatch@example.org',
  host: '127.0.0.1',
});
const rendered = (chart: Chart | null | undefined, isOn = true) =>
  renderEmail(sampleNews([sampleAlert({}, { chart: chart ?? null })]), 'dlv_1', 'example.org', isOn);
const parsed = async (...mail: Parameters<typeof rendered>) =>
  PostalMime.parse(await compose(rendered(...mail), OPTIONS));

describe('a picture in a mail', () => {
  it('is a part of it that the HTML shows, with words for those who do not see it', async () => {
    const mail = await parsed(SAMPLE_CHARTS.alert);
    const [part, ...others] = mail.attachments;
    expect(others).toEqual([]);
    expect(part).toMatchObject({ mimeType: 'image/png', disposition: 'inline', related: true });
    expect(part?.contentId).toBe('<chart.dlv_1@example.org>');
    const [image = ''] = /<img [^>]*>/.exec(mail.html ?? '') ?? [];
    expect(image).toContain('src="cid:chart.dlv_1@example.org"');
    expect(image).toContain('alt="Chart of spend in 1h of service search,');
    expect(image).toContain('width:100%');
    expect(mail.text).toContain('gpt-4.1');
  });

  it('is the same at every attempt', async () => {
    const [first, second] = await Promise.all([
      compose(rendered(SAMPLE_CHARTS.alert), OPTIONS),
      compose(JSON.parse(JSON.stringify(rendered(SAMPLE_CHARTS.alert))), OPTIONS),
    ]);
    expect(first.equals(second)).toBe(true);
  });

  it('is left out where there is none, where it is switched off and where it cannot be drawn', async () => {
    const broken = { ...SAMPLE_CHARTS.alert, ticks: null } as unknown as Chart;
    for (const mail of [await parsed(null), await parsed(SAMPLE_CHARTS.alert, false), await parsed(broken)]) {
      expect(mail.attachments).toEqual([]);
      expect(mail.html).not.toContain('<img');
      expect(mail.html).toContain('Immediate attention required');
    }
  });

  it('makes no markup of names', async () => {
    const mail = await parsed({ ...SAMPLE_CHARTS.alert, alt: '"><script>alert(1)</script>$&' } as Chart);
    expect(mail.html).not.toContain('<script');
    expect(mail.html).toContain('$&amp;');
  });
});
