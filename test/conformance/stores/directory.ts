import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { directoryStore } from '../../../runtime/src/store/directory.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import type { StoreFixture } from './fixture.ts';

/** @param isNear @default as the file system of the folder says */
export const startDirectory = async (isNear?: () => boolean): Promise<StoreFixture> => {
  const folders: string[] = [];
  return {
    open: async () => {
      const path = workFolder('store');
      folders.push(path);
      return directoryStore({ path }, isNear);
    },
    leftovers: async ({ location }) => {
      const names = await readdir(location, { recursive: true });
      return names.filter((name) => name.includes('.partial-'));
    },
    leave: async ({ location }, key) => {
      const path = join(location, `${key}.partial-0123456789ab`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'cut sho');
    },
    stop: async () => void (await Promise.all(folders.map(removeFolder))),
  };
};
