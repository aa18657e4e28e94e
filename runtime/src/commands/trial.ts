import type { Archive } from '../catalog/catalog.ts';
import type { Manifest } from '../catalog/manifest.ts';
import { BackupError } from '../core/errors.ts';
import { stamp } from '../core/units.ts';
import type { Restored, RestoreRequest, RestoreScope, Source } from '../engines/engine.ts';
import { engines } from '../engines/registry.ts';
import type { App } from './app.ts';
import { readEntries } from './read-archive.ts';

/** What engines get to know of a restore. */
export const restoreRequest = (
  app: App,
  manifest: Manifest,
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

/** A trial that ended with equal data. */
export interface Trial {
  readonly restored: Restored;
  /** From the first byte read to equal counts; without the start of the scratch server. */
  readonly seconds: number;
}

/**
 * Restores an archive where it harms nothing, compares, and throws the result away: into a private server inside this
 * job, else under scratch names on `fallback`.
 * @throws BackupError as `Engine.restore`; `drill.unavailable` where there is neither
 */
export const tryRestore = async (
  app: App,
  archive: Archive,
  manifest: Manifest,
  fallback: (() => Promise<Source>) | undefined,
  scope: RestoreScope = {},
): Promise<Trial> => {
  const engine = engines[manifest.engine]!;
  const scratch = await engine.scratch(app.run, manifest.server);
  if (!scratch && !fallback)
    throw new BackupError(
      'drill.unavailable',
      `no ${manifest.server.product} ${manifest.server.version} server program is installed to restore ${archive.key} into`,
    );
  try {
    const source = scratch?.source ?? (await fallback!());
    const begun = performance.now();
    const entries = readEntries(app, archive, manifest, `restore ${manifest.target}`);
    const request = restoreRequest(app, manifest, scratch ? 'replace' : 'trial', scope);
    const restored = await engine.restore(app.run, source, entries, request);
    return { restored, seconds: (performance.now() - begun) / 1000 };
  } finally {
    await scratch?.stop();
  }
};
