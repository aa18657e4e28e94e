import { authenticate } from '../catalog/catalog.ts';
import type { Manifest } from '../catalog/manifest.ts';
import { messageOf } from '../core/errors.ts';
import { findTarget, type App } from './app.ts';
import { findArchive } from './read-archive.ts';

/** Everything that is known of one archive. */
export interface Shown {
  readonly store: string;
  readonly archive: string;
  /** Absent where the manifest is authentic; then a manifest is only what it says of itself. */
  readonly problem?: string;
  readonly manifest: Manifest;
}

/** The manifest of an archive, with its verification history. @default archive - the newest */
export const show = async (app: App, name: string, archiveName: string | undefined): Promise<Shown> => {
  const archive = await findArchive(app, findTarget(app.plan, name).name, archiveName);
  const problem = await authenticate(archive, app.keys).then(() => undefined, messageOf);
  return {
    store: archive.store.location,
    archive: archive.key,
    ...(problem !== undefined && { problem }),
    manifest: archive.signed.manifest,
  };
};
