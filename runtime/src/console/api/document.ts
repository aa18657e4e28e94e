import { consolePaths } from '../../contract/console.ts';
import { programVersion } from '../../core/version.ts';
import type { Api } from './routes.ts';

const info = {
  title: 'grill-backup console',
  version: programVersion,
  description:
    'Reads for everybody whom RBAC lets, actions in the name of the caller, and no way to destroy anything. ' +
    'Send `Authorization: Bearer` with a token that the API server of the cluster accepts.',
};

/** `shape` is for our own reference pages: OpenAPI has no such word. */
const withoutShapes = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutShapes);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(
    ([name, field]) => name !== 'shape' || typeof field !== 'string',
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutShapes(field)]));
};

/** The OpenAPI document of the API. */
export const documentOf = (api: Api): object => {
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const document = api.getOpenAPI31Document({
    openapi: '3.1.0',
    info,
    servers: [{ url: consolePaths.api }],
    security: [{ token: [] }],
  });
  return withoutShapes(document) as object;
};
