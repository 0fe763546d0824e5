import { expect, test } from 'vitest';
import { displayName, displayWidth, withoutIsolates } from '../../src/model/display-text.ts';

test('a name that reads from right to left is kept apart from the number after it', () => {
  expect(displayName('שירות')).toBe('\u2068שירות\u2069');
  expect(displayName('search خدمة')).toBe('\u2068search خدمة\u2069');
  expect(displayName('検索サービス')).toBe('検索サービス');
});

test('a name cannot end its own isolation', () => {
  expect(displayName('שירות\u2069 $5')).toBe('\u2068שירות[U+2069] $5\u2069');
});

test('the marks take no room', () => {
  expect(displayWidth(displayName('שירות'))).toBe(5);
  expect(withoutIsolates(displayName('שירות'))).toBe('שירות');
});
