import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, workFolder } from './private-server.ts';

/** A file system of its own, of a size that a test can fill. Mounting takes root. */
export interface SmallVolume {
  readonly path: string;
  /** Takes every byte that is left. */
  readonly fill: () => void;
  readonly unfill: () => void;
  readonly remount: (option: 'ro' | 'rw') => void;
  readonly dispose: () => Promise<void>;
}

const quiet = { stdio: 'ignore' } as const;

const fillWith = (file: string): void => {
  const handle = openSync(file, 'w');
  for (let bytes = 65_536; bytes >= 1;)
    try {
      writeSync(handle, Buffer.alloc(bytes, 1));
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  closeSync(handle);
};

export const mountSmallVolume = (size = '2m'): SmallVolume => {
  const folder = workFolder('volume');
  const path = join(folder, 'mounted');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], quiet);
  const filler = join(path, 'filler');
  return {
    path,
    fill: () => fillWith(filler),
    unfill: () => rmSync(filler, { force: true }),
    remount: (option) => void execFileSync('mount', ['-o', `remount,${option}`, path], quiet),
    dispose: async () => {
      execFileSync('umount', ['--lazy', path], quiet);
      await removeFolder(folder);
    },
  };
};

/** False where the process is not root, or a sandbox forbids it. */
export const canMount = ((): boolean => {
  if (process.getuid?.() !== 0) return false;
  try {
    const volume = mountSmallVolume();
    void volume.dispose();
    return true;
  } catch {
    return false;
  }
})();
