import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { names } from '../../runtime/src/contract/names.ts';
import { shell } from '../../runtime/src/core/shell.ts';
import { find, type Cluster } from '../pod/cluster.ts';
import { startPod } from '../pod/pod.ts';

const kubectl = join(import.meta.dirname, 'kubectl.ts');

/**
 * Makes the restore pod ready, and a `kubectl` by which the commands that the console prints run in it.
 * @returns the folder of that program
 */
export const openRestorePod = async (cluster: Cluster): Promise<string> => {
  const { surroundings } = await startPod(cluster, find(cluster, 'Pod', names.restorePod));
  const folder = join(cluster.folder, 'bin');
  const description = join(cluster.folder, 'restore-pod.json');
  await mkdir(folder);
  await writeFile(description, JSON.stringify(surroundings), { mode: 0o600 });
  const script = `#!/bin/sh\nexec ${[process.execPath, kubectl, description].map(shell).join(' ')} "$@"\n`;
  await writeFile(join(folder, 'kubectl'), script, { mode: 0o755 });
  return folder;
};
