import { messageOf } from '../../core/errors.ts';
import { findTarget, type App } from '../../session/app.ts';
import { believeNamed, findArchive } from '../../archives/read.ts';
import type { Shown } from './result.ts';

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
