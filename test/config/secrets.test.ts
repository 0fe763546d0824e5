// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpolate } from '../../src/config/environment.ts';

const ENV = { NAME: 'value', EMPTY: '', DOLLAR: '${NAME}$$' };

describe('interpolate', () => {
  it.each([
    ['${NAME}', 'value', true],
    ['a ${NAME} b ${NAME}', 'a value b value', true],
    ['${EMPTY}', '', true],
    ['${EMPTY:-default}', 'default', true],
    ['${UNSET:-}', '', true],
    ['${UNSET:-a:-b $x "}', 'a:-b $x "', true],
    ['$$', '$', false],
    ['$${NAME}', '${NAME}', false],
    ['$$$${NAME}', '$${NAME}', false],
    ['$$${NAME}', '$value', true],
    ['$NAME costs $5', '$NAME costs $5', false],
    ['${DOLLAR}', '${NAME}$$', true],
  ])('%s', (text, expected, replaced) => {
    expect(interpolate(text, ENV)).toMatchObject({ text: expected, replaced, faults: [] });
  });

  it.each(['${UNSET}', '${}', '${5}', '${NAME', '${NAME:default}', '${a b}'])('%s is a fault', (text) => {
    expect(interpolate(text, ENV).faults).toHaveLength(1);
  });

  it('does not take a variable from the prototype of objects', () => {
    expect(interpolate('${toString}', { ...ENV }).faults).toHaveLength(1);
  });

  it('puts any value in as it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (value, around) => {
        const plain = around.replaceAll('$', '');
        expect(interpolate(`${plain}\${X}${plain}`, { X: value }).text).toBe(plain + value + plain);
      }),
    );
  });

  it('leaves a text with every dollar doubled as it was', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(interpolate(text.replaceAll('$', '$$$$'), ENV)).toMatchObject({ text, replaced: false });
      }),
    );
  });
});
