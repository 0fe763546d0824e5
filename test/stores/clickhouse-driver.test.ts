import { expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { loadDriver } from '../../src/stores/clickhouse/driver.ts';

it('an installation without the driver of ClickHouse names the command that brings it', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  await expect(loadDriver(() => Promise.reject(missing))).rejects.toMatchObject({
    code: 'driver_missing',
    hint: `npm install --no-save @clickhouse/client@${packageJson.optionalDependencies['@clickhouse/client']}, in the folder of spendwatch`,
  });
  await expect(loadDriver()).resolves.toHaveProperty('createClient');
});
