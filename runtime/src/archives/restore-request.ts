import type { Restorable } from './restorable.ts';
import { stamp } from '../core/units.ts';
import type { RestoreRequest, RestoreScope } from '../engines/engine.ts';
import type { App } from '../session/app.ts';

/** What engines get to know of a restore. */
export const restoreRequest = (
  app: App,
  { manifest }: Pick<Restorable, 'manifest'>,
  mode: RestoreRequest['mode'],
  scope: RestoreScope = {},
): RestoreRequest => ({
  ...scope,
  sourceBytes: manifest.sourceBytes,
  expected: manifest.fingerprint,
  server: manifest.server,
  mode,
  suffix: stamp(app.run.now()),
});
