// Chooses the proxy for a URL: the key `proxy`, HTTPS_PROXY, HTTP_PROXY, NO_PROXY.

import { BlockList, isIP } from 'node:net';
import { AppError } from '../../model/errors.ts';
import { isDecodable } from '../../model/http-url.ts';
import { Secret } from '../../model/secret.ts';
import { secretKey } from '../../model/secret-key.ts';

/** A proxy, and which key or variable names it. */
export interface NamedProxy {
  readonly url: Secret;
  readonly source: string;
}

/** What the environment says about proxies. */
export interface EnvironmentProxies {
  readonly http: NamedProxy | null;
  readonly https: NamedProxy | null;
  /** NO_PROXY: hosts that are reached without a proxy. */
  readonly except: string;
}

export const NO_PROXIES: EnvironmentProxies = { http: null, https: null, except: '' };

/** The value of `proxy:` that ignores the proxies of the environment. */
const NONE = 'none';
const HOW = 'write http://host:port or http://user:password@host:port, special letters percent-encoded';

/** The key `proxy` of whatever speaks HTTP. Secret, because it may hold a login. */
export const proxyKey = secretKey(
  'HTTP proxy to go through, or `none` (default: from `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`)',
)
  .meta({ title: 'URL or `none`' })
  .refine((proxy) => proxy.reveal() === NONE || parseProxy(proxy.reveal()) !== null, {
    error: `not the URL of an HTTP proxy: ${HOW}`,
  });

/** As curl reads them: the lower-case name comes first, and an empty value is none. */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): EnvironmentProxies {
  const read = (name: string): NamedProxy | null => {
    const source = env[name] === undefined ? name.toUpperCase() : name;
    const value = env[source] ?? '';
    return value === '' ? null : { url: new Secret(value), source };
  };
  return {
    http: read('http_proxy'),
    https: read('https_proxy'),
    except: env.no_proxy ?? env.NO_PROXY ?? '',
  };
}

/**
 * The proxy for `target`: that of the key `proxy`, or else that of the environment unless NO_PROXY lists the target. This
 * machine is never reached through a proxy of the environment: to a proxy, `localhost` is the proxy itself. Throws AppError
 * `proxy_invalid`.
 */
export function chooseProxy(
  target: string,
  own: Secret | null,
  environment: EnvironmentProxies,
): NamedProxy | null {
  if (own !== null) return own.reveal() === NONE ? null : { url: own, source: '`proxy`' };
  const { protocol, hostname, port } = new URL(target);
  const isTls = protocol === 'https:';
  const proxy = isTls ? environment.https : environment.http;
  if (proxy === null) return null;
  const host = bare(hostname);
  if (isThisMachine(host) || isExcepted(host, port || (isTls ? '443' : '80'), environment.except))
    return null;
  if (parseProxy(proxy.url.reveal()) !== null) return proxy;
  throw new AppError('proxy_invalid', `${proxy.source} is not the URL of an HTTP proxy`, { hint: HOW });
}

/** The URL of an http or https proxy, `http://` being optional; null when it is not one. */
export function parseProxy(text: string): URL | null {
  const whole = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(whole)) return null;
  const url = new URL(whole);
  const hasMore = url.pathname !== '/' || url.search !== '' || url.hash !== '';
  return /^https?:$/.test(url.protocol) && !hasMore && isDecodable(`${url.username}${url.password}`)
    ? url
    : null;
}

/** NO_PROXY: names with their subdomains, addresses, networks (10.0.0.0/8), each with an optional port; `*` is every host. */
function isExcepted(host: string, port: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = entry, only = port] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
      if (only !== port) return false;
      const [network = '', prefix] = bare(name).split('/');
      if (prefix !== undefined) return isWithin(host, network, Number(prefix));
      const domain = network.replace(/^\*?\./, '');
      return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
    });
}

function isWithin(host: string, network: string, prefix: number): boolean {
  const family = isIP(network);
  if (family === 0 || family !== isIP(host) || !(prefix >= 0 && prefix <= (family === 4 ? 32 : 128)))
    return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const networks = new BlockList();
  networks.addSubnet(network, prefix, type);
  return networks.check(host, type);
}

function isThisMachine(host: string): boolean {
  return /^(.+\.)?localhost$/.test(host) || host === '::1' || /^127(\.\d+){3}$/.test(host);
}

/** A host without the brackets of IPv6 and the dot of the root. */
function bare(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
