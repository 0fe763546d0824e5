// The OpenAPI description of the API, made from the schemas of its answers.

import { z } from 'zod';
import { ENDPOINTS, type Endpoint, NAMED_SCHEMAS } from './endpoints.ts';
import { PARAMETERS } from './parameters.ts';

export const OPENAPI_PATH = '/api/v1/openapi.json';

const SCHEMAS = '#/components/schemas/';

let made: { readonly version: string; readonly text: string } | null = null;

/** The description as JSON text. */
export function openApiText(version: string): string {
  if (made?.version !== version) made = { version, text: JSON.stringify(openApi(version), null, 2) };
  return made.text;
}

function openApi(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'spendwatch',
      version,
      description: 'What a worker of spendwatch knows: rules, alerts, incidents and messages. Read-only.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, {}],
    paths: Object.fromEntries(ENDPOINTS.map((one) => [one.path, { get: operation(one) }])),
    components: {
      schemas: schemas(),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: '`http.token` of alerts.yaml, where it is set',
        },
      },
    },
  };
}

function operation({ path, summary, description, parameters, schema }: Endpoint) {
  const [name = ''] = Object.entries(NAMED_SCHEMAS).find(([, named]) => named === schema) ?? [];
  const failures = {
    400: 'A parameter that is unknown or not well written',
    401: 'The token is missing or wrong',
    403: 'There is no token, and the worker listens beyond loopback or was asked under another name than localhost',
    503: 'Not known now: no poll yet, or the state store does not answer',
  };
  return {
    operationId: path.split('/').at(-1),
    summary,
    description,
    parameters: parameters.map((parameter) => parameterOf(parameter)),
    responses: {
      200: response(summary, name),
      ...Object.fromEntries(Object.entries(failures).map(([code, text]) => [code, response(text, 'Error')])),
    },
  };
}

function parameterOf(name: keyof typeof PARAMETERS) {
  const { description, isList, schema } = PARAMETERS[name];
  return {
    name,
    in: 'query',
    description,
    schema: isList ? { type: 'array', items: schema } : schema,
    ...(isList && { style: 'form', explode: true }),
  };
}

function response(description: string, name: string) {
  return { description, content: { 'application/json': { schema: { $ref: `${SCHEMAS}${name}` } } } };
}

/** What a later version adds is no fault, so objects are not closed. */
function schemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED_SCHEMAS)) registry.add(schema, { id });
  const found = z.toJSONSchema(registry, {
    uri: (id) => `${SCHEMAS}${id}`,
    unrepresentable: 'any',
    override({ jsonSchema }) {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(found.schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]),
  );
}
