import type { Manifest } from '../../archives/manifest.ts';
import { messageOf } from '../../core/errors.ts';
import { findTarget, type App } from '../../session/app.ts';
import { believeNamed, findArchive } from '../../archives/read.ts';

/** Everything that is known of one archive. */
export interface Shown {
  readonly store: string;
  readonly archive: string;
  /** Why it is not to be believed: the manifest is then only what it says of itself. */
  readonly problem?: string;
  readonly manifest: Manifest;
}

/** The manifest of an archive, with its verification history. @default archive - the newest */
export const show = async (app: App, name: string, archiveName: string | undefined): Promise<Shown> => {
  const target = findTarget(app.plan, name).name;
  const archive = await findArchive(app, target, archiveName);
  const problem = await believeNamed(app, archive, target).then(() => undefined, messageOf);
  return {
    store: archive.store.location,
    archive: archive.key,
    ...(problem !== undefined && { problem }),
    manifest: archive.signed.manifest,
  };
};
