import { describe, expect, test } from 'vitest';
import { chooseProxy, parseProxy, proxiesOf } from '../../src/channels/transport/proxy-choice.ts';
import { Secret } from '../../src/model/secret.ts';

const HTTPS = 'https://hooks.example.com/a';

function chosen(target: string, env: Record<string, string>, own: string | null = null): string | null {
  const proxy = chooseProxy(target, own === null ? null : new Secret(own), proxiesOf(env));
  return proxy === null ? null : `${proxy.url.reveal()} (${proxy.source})`;
}

describe('the proxy to a receiver', () => {
  test.each([
    [HTTPS, {}, null],
    [HTTPS, { HTTPS_PROXY: 'http://p:1' }, 'http://p:1 (HTTPS_PROXY)'],
    [HTTPS, { https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' }, 'http://low:1 (https_proxy)'],
    [HTTPS, { https_proxy: '', HTTPS_PROXY: 'http://up:1' }, null],
    [HTTPS, { HTTP_PROXY: 'http://p:1' }, null],
    ['http://hooks.example.com/', { HTTP_PROXY: 'p:1' }, 'p:1 (HTTP_PROXY)'],
    ['http://hooks.example.com/', { HTTPS_PROXY: 'http://p:1' }, null],
  ])('%s with %j is %s', (target, env, expected) => {
    expect(chosen(target, env)).toBe(expected);
  });

  test('is that of the file before that of the environment, and `none` is none', () => {
    const env = { HTTPS_PROXY: 'http://env:1', NO_PROXY: '*' };
    expect(chosen(HTTPS, env, 'http://own:2')).toBe('http://own:2 (`proxy`)');
    expect(chosen('https://127.0.0.1/', env, 'http://own:2')).toBe('http://own:2 (`proxy`)');
    expect(chosen(HTTPS, { HTTPS_PROXY: 'http://env:1' }, 'none')).toBeNull();
  });

  test.each([
    'http://localhost:8080/',
    'https://api.localhost/',
    'http://127.0.0.1/',
    'http://127.8.9.1:9/',
    'http://[::1]:9/',
  ])('of the environment is not asked for this machine: %s', (target) => {
    expect(chosen(target, { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1' })).toBeNull();
  });

  test.each([
    [HTTPS, '*', true],
    [HTTPS, 'hooks.example.com', true],
    [HTTPS, 'example.com', true],
    [HTTPS, '.example.com', true],
    [HTTPS, '*.example.com', true],
    [HTTPS, 'EXAMPLE.com', true],
    [HTTPS, 'other.org, example.com', true],
    [HTTPS, 'other.org example.com', true],
    [HTTPS, 'ample.com', false],
    [HTTPS, 'a.hooks.example.com', false],
    [HTTPS, '', false],
    [HTTPS, ' , ', false],
    [HTTPS, 'example.com:443', true],
    [HTTPS, 'example.com:8443', false],
    ['https://hooks.example.com:8443/', 'example.com:8443', true],
    ['https://hooks.example.com./', 'example.com', true],
    ['https://10.1.2.3/', '10.0.0.0/8', true],
    ['https://11.1.2.3/', '10.0.0.0/8', false],
    ['https://10.1.2.3/', '10.1.2.3', true],
    ['https://10.1.2.3/', '2.3', false],
    ['https://10.1.2.3/', '10.0.0.0/99', false],
    ['https://10.1.2.3/', '10.0.0.0/', true],
    ['https://[fd00::1]/', 'fd00::/8', true],
    ['https://[fd00::1]/', '[fd00::1]', true],
    ['https://[fd00::1]:8443/', '[fd00::1]:8443', true],
    ['https://[fd00::1]/', '10.0.0.0/8', false],
    [HTTPS, '10.0.0.0/8', false],
  ])('%s with NO_PROXY %j is left out: %s', (target, list, isExcepted) => {
    const proxy = chosen(target, { HTTPS_PROXY: 'http://p:1', NO_PROXY: list });
    expect(proxy === null).toBe(isExcepted);
  });

  test('of the environment that is none is a fault that names the variable and hides its value', () => {
    const choose = () => chosen(HTTPS, { HTTPS_PROXY: 'socks5://me:hidden@p:1' });
    expect(choose).toThrow(expect.objectContaining({ code: 'proxy_invalid' }));
    expect(choose).toThrow(/^HTTPS_PROXY is not the URL of an HTTP proxy$/);
  });
});

test.each([
  ['http://p.example:3128', true],
  ['https://p.example', true],
  ['p.example:3128', true],
  ['me:pass@p.example:3128', true],
  ['http://me:p%2Fa%23ss@p.example:3128/', true],
  ['socks5://p.example:1080', false],
  ['http://me:p/a@p.example:3128', false],
  ['http://me:p#a@p.example:3128', false],
  ['http://me:100%@p.example:3128', false],
  ['http://', false],
  ['two words', false],
])('%s is the URL of a proxy: %s', (text, expected) => {
  expect(parseProxy(text) !== null).toBe(expected);
});
