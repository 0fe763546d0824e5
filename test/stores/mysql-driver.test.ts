import { expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { loadDriver } from '../../src/stores/mysql/driver.ts';

it('an installation without the driver of MySQL names the command that brings it', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  await expect(loadDriver(() => Promise.reject(missing))).rejects.toMatchObject({
    code: 'driver_missing',
    hint: `npm install --no-save mysql2@${packageJson.optionalDependencies.mysql2}, in the folder of spendwatch`,
  });
  await expect(loadDriver()).resolves.toHaveProperty('createConnection');
});
