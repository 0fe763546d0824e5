import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { ENDPOINTS, NAMED_SCHEMAS } from '../../../src/worker/api/endpoints.ts';
import { openApiText } from '../../../src/worker/api/openapi.ts';
import { PARAMETERS } from '../../../src/worker/api/parameters.ts';

const text = openApiText('1.2.3');
const description = JSON.parse(text);

it('the description of the API is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(description);
  expect(errors).toBeUndefined();
  expect([valid, validator.version]).toEqual([true, '3.1']);
});

it('every reference in it leads to a schema, and every schema is used', () => {
  const names = [...text.matchAll(/"\$ref": "#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect([...new Set(names)].sort()).toEqual(Object.keys(NAMED_SCHEMAS).sort());
  expect(Object.keys(description.components.schemas).sort()).toEqual(Object.keys(NAMED_SCHEMAS).sort());
  expect([...text.matchAll(/"\$ref": "([^#])/g)]).toEqual([]);
});

it('it has every path with its parameters, and none is left without a schema', () => {
  expect(Object.keys(description.paths)).toEqual(ENDPOINTS.map(({ path }) => path));
  for (const { path, parameters } of ENDPOINTS) {
    const { get } = description.paths[path];
    expect(get.parameters.map(({ name }: { name: string }) => name)).toEqual(parameters);
    // A parameter that is unknown is an error where there are none, too.
    expect(Object.keys(get.responses)).toEqual(['200', '400', '401', '403', '503']);
    expect(get.responses[200].content['application/json'].schema.$ref).toMatch(/schemas\/\w+$/);
  }
  const used = new Set(ENDPOINTS.flatMap(({ parameters }) => parameters));
  expect([...used].sort()).toEqual(Object.keys(PARAMETERS).sort());
});

it('amounts are numbers, instants have their format, and later versions may add members', () => {
  const { Finding, Incident } = description.components.schemas;
  expect(Finding.properties.value).toEqual({ type: 'number' });
  expect(Finding.required).toContain('value');
  expect(Finding.required).not.toContain('budget');
  expect(Incident.properties.since).toMatchObject({ type: 'string', format: 'date-time' });
  expect(text).not.toContain('"additionalProperties": false');
});
