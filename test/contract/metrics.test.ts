import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateOnce } from '../../src/check/check.ts';
import { nearest } from '../../src/config/nearest.ts';
import { alertsJsonSchema } from '../../src/config/schema.ts';
import { COLUMNS } from '../../src/model/columns.ts';
import { displayPhrase, displayValue } from '../../src/model/display-value.ts';
import { describeMetric, drivingMeasure, METRICS, measuresOf } from '../../src/model/metric.ts';
import { ONE } from '../../src/model/money.ts';
import { AT, checkOf, MINUTE } from '../check/check-parts.ts';
import { faultsOf, load } from '../config/support.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import { priceList } from '../support/price-list.ts';
import { SAMPLE_CALL } from '../support/sample-call.ts';

const FILES = { 'prices.yaml': 'models: { m: { input: 1, output: 2 } }\n' };

describe.each(METRICS)('the metric %s of the catalogue', (metric) => {
  const { additive, columns, doc, heading, alsoCalled = [], value, needsPrices } = describeMetric(metric);

  it('has its words', () => {
    expect(doc).toMatch(/^\S.*[^.\s]$/);
    expect(heading).not.toBe('');
    expect(displayPhrase(metric, displayValue(metric, 3n * ONE))).toMatch(/3/);
  });

  it('is what is meant by its names elsewhere', () => {
    for (const name of alsoCalled) expect(nearest(name, METRICS)).toBe(metric);
  });

  it('is made of measures, of which the first drives it, and of the calls', () => {
    const measures = measuresOf(metric, null);
    expect(measures).toContain('calls');
    expect(measures).toContain(drivingMeasure(metric, null));
    expect(additive).toBe(value.kind === 'sum');
  });

  it('is a metric for rules over the default table, and for editors', async () => {
    const rule = `{ name: r, type: threshold, metric: ${metric}, window: 1h, threshold: 1 }`;
    const file = (audit: string) => `version: 1\naudit: { url: "pglite:./data"${audit} }\nrules: [${rule}]\n`;
    await expect(load(file(', prices: prices.yaml'), { files: FILES })).resolves.toBeDefined();
    if (needsPrices) {
      const [fault, ...more] = await faultsOf(file(''));
      expect([fault?.message, more]).toEqual([`${metric} needs a price list`, []]);
    } else await expect(load(file(''))).resolves.toBeDefined();
    expect(JSON.stringify(alertsJsonSchema())).toContain(JSON.stringify(metric));
  });

  it('is refused by name over a table that lacks its columns', async () => {
    const rule = `{ name: r, type: threshold, metric: ${metric}, window: 1h, threshold: 1 }`;
    for (const needed of columns) {
      const others = COLUMNS.filter((column) => !needed.includes(column)).map((column) => `${column}: c`);
      const list = needsPrices ? ', prices: prices.yaml' : '';
      const audit = `{ url: "pglite:./data", table: t, columns: { ${others.join(', ')} }${list} }`;
      const [fault, ...more] = await faultsOf(`version: 1\naudit: ${audit}\nrules: [${rule}]\n`, {}, FILES);
      expect(more).toEqual([]);
      expect(fault?.message).toContain(`${metric} needs the column ${needed.join(' or ')}`);
    }
  });
});

describe('all metrics of the catalogue', () => {
  let calls: CallStore;
  beforeAll(async () => {
    const prices = priceList({ [String(SAMPLE_CALL.model)]: { input: '1000000', output: '0' } });
    calls = await openCallStore('postgres', {}, prices);
  });
  afterAll(() => calls?.stop());

  const rules = METRICS.map((metric) =>
    ruleOf('threshold', { name: metric, metric, window: '1h', threshold: 0 }),
  );
  const statuses = async () => {
    const { rules: checked } = await evaluateOnce(checkOf(calls, rules), AT);
    return checked.map(({ rule, status, error }) => [rule.name, error ?? status]);
  };

  it('are 0 or no data without calls', async () => {
    expect(await statuses()).toEqual(
      METRICS.map((metric) => [metric, describeMetric(metric).additive ? 'firing' : 'no_data']),
    );
  });

  it('have a value once a call was made', async () => {
    const time = new Date(AT - MINUTE).toISOString();
    await calls.store.insert([{ ...SAMPLE_CALL, time }]);
    // Cheaper than by the list, which a limit of 0 does not tell.
    expect(await statuses()).toEqual(
      METRICS.map((metric) => [metric, metric === 'price_gap' ? 'ok' : 'firing']),
    );
  });
});
