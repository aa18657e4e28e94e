import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { root } from '../../kit/environments.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';

test('a store on a volume far away waits for nothing on the spot, so that one that hangs stops neither deadline nor signals', async () => {
  const folder = workFolder('far');
  try {
    const kit = (name: string): string => join(root, 'test/kit', name);
    const args = ['--disable-warning=ExperimentalWarning', '--import', kit('no-waiting.mjs')];
    const { stdout } = await promisify(execFile)(process.execPath, [...args, kit('far-store-in-child.ts')], {
      env: { ...process.env, FAR_FOLDER: folder },
    });
    const all = ['redis/a', 'redis/c', 'redis/weekly/b'];
    expect(JSON.parse(stdout)).toEqual([
      'redis/a',
      7,
      ...all.map((key) => [key, 7]),
      ...all,
      'content',
      null,
      0,
      true,
    ]);
  } finally {
    await removeFolder(folder);
  }
});
