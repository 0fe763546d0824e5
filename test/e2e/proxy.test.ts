import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startWebhookReceiver } from '../../src/demo/receivers.ts';
import { selfSigned } from '../channels/certificate.ts';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { startHttpProxy } from '../support/http-proxy.ts';
import { HOOK_SECRET } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const HOST = 'hooks.test';
const LOGIN = 'spendwatch:narwhal-in-the-login';

/** Receivers by TLS whose names the proxy alone knows, and a file that sends there. */
async function scene(more = '') {
  const audit = await createAuditDatabase();
  const certificate = selfSigned(HOST);
  const hook = await startWebhookReceiver({ secret: HOOK_SECRET, tls: certificate });
  const beats = await startWebhookReceiver({
    secret: HOOK_SECRET,
    tls: certificate,
    respond: () => ({ status: 200 }),
  });
  const portOf = ({ url }: { readonly url: string }): number => Number(new URL(url).port);
  const proxy = await startHttpProxy({ login: LOGIN, hosts: { [HOST]: portOf(hook) } });
  const folder = await makeFolder({
    'ca.pem': certificate.cert,
    'proxy-url': `http://${LOGIN}@127.0.0.1:${proxy.port}\n`,
  });
  cleanups.push(() =>
    Promise.all([audit.drop(), hook.close(), beats.close(), proxy.close(), folder.remove()]),
  );
  await folder.write(
    'alerts.yaml',
    alertsYaml({
      url: audit.url,
      channels: `channels: { billing: { type: webhook, url: "https://${HOST}/hooks", secret: "${HOOK_SECRET}"${more} } }`,
      rules: `  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 50 }\n`,
      more: `heartbeat: { url: "https://127.0.0.1:${portOf(beats)}/beat", proxy_file: ./proxy-url }\n`,
    }),
  );
  const env = { NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem') };
  return { audit, hook, beats, proxy, folder, env, url: `http://${LOGIN}@127.0.0.1:${proxy.port}` };
}

it('a worker reaches receivers and the heartbeat through the proxies of the environment and of a file', async () => {
  const { audit, hook, beats, proxy, folder, env, url } = await scene();
  const worker = await startWorkerProcess(folder.path, { ...env, HTTPS_PROXY: url });
  cleanups.push(() => worker.stop('SIGKILL'));
  await audit.log({ at: justNow(), service: 'search', cost: '70.000000' });
  await until('the hook was told', () => hook.received.length === 1);
  await until('the heart has beaten', () => beats.received.length > 0);
  expect(hook.received[0]).toMatchObject({ verified: true, headers: { host: HOST } });
  expect([...new Set(proxy.requests)].sort()).toEqual([
    `CONNECT ${new URL(beats.url).host}`,
    `CONNECT ${HOST}:443`,
  ]);
});

it('validate --connect and test-channel go through the proxy, and name its faults without its login', async () => {
  const { proxy, hook, folder, env, url } = await scene();
  const run = (args: string[], proxyUrl: string) =>
    spendwatch(args, { cwd: folder.path, env: { ...env, HTTPS_PROXY: proxyUrl } });
  const good = await run(['validate', '--connect'], url);
  expect(good.stdout).toContain(`channel billing: answered connected to ${HOST}:443 (through the proxy`);
  expect(hook.received).toEqual([]);
  expect((await run(['test-channel', 'billing'], url)).code).toBe(0);
  expect(hook.received).toMatchObject([{ verified: true }]);

  const wrong = url.replace('narwhal', 'pangolin');
  for (const args of [
    ['validate', '--connect'],
    ['test-channel', 'billing'],
  ]) {
    const { code, stdout, stderr } = await run(args, wrong);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(`the proxy 127.0.0.1:${proxy.port} (HTTPS_PROXY) wants another login`);
    expect(stdout + stderr).not.toMatch(/pangolin|narwhal/);
  }
  const none = await run(['test-channel', 'billing'], 'socks5://me:pangolin@127.0.0.1:1');
  expect(none.stdout + none.stderr).toMatch(/HTTPS_PROXY is not the URL of an HTTP proxy/);
  expect(none.stdout + none.stderr).not.toContain('pangolin');
});
