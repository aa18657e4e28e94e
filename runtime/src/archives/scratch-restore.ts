import { BackupError } from '../core/errors.ts';
import type { Restored, RestoreRequest, RestoreScope, Source } from '../engines/engine.ts';
import { engineNamed } from '../engines/registry.ts';
import type { App } from '../session/app.ts';
import type { Restorable } from './restorable.ts';
import { restoreRequest } from './restore-request.ts';

/** A trial that ended with equal data. */
export interface Trial {
  readonly restored: Restored;
  /** From the first byte read to equal counts; without the start of the scratch server. */
  readonly seconds: number;
}

/**
 * Restores data where it harms nothing, compares, and throws the result away: into a private server inside this
 * job, else under scratch names on `fallback`.
 * `account` is the one that restores in earnest.
 * @throws BackupError as `Engine.restore`; `drill.unavailable` where there is neither
 */
export const tryRestore = async (
  app: App,
  archive: Restorable,
  fallback: (() => Promise<Source>) | undefined,
  { account, ...scope }: RestoreScope & Pick<RestoreRequest, 'account'> = {},
): Promise<Trial> => {
  const { manifest } = archive;
  const engine = engineNamed(manifest.engine);
  const open = (label: string) => archive.open(`${label} ${manifest.target}`);
  const { fingerprint, sourceBytes } = manifest;
  const needs = { fingerprint, sourceBytes, open: () => open('look into') };
  const scratch = await engine.scratch(app.run, manifest.server, needs);
  const openSource = scratch ? () => Promise.resolve(scratch.source) : fallback;
  if (!openSource)
    throw new BackupError(
      'drill.unavailable',
      `no ${manifest.server.product} ${manifest.server.version} server program is installed to restore ${archive.key} into`,
    );
  try {
    const source = await openSource();
    const begun = performance.now();
    const request = restoreRequest(app, archive, scratch ? 'replace' : 'trial', scope);
    const as = scratch ? { account } : {}; // elsewhere it is the account itself
    const restored = await engine.restore(app.run, source, open('restore'), { ...request, ...as });
    return { restored, seconds: (performance.now() - begun) / 1000 };
  } finally {
    await scratch?.stop();
  }
};
