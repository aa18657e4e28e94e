import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { directoryStore } from '../../../runtime/src/store/directory.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { listed } from '../../kit/objects.ts';
import { collect, streamOf } from '../../kit/streams.ts';
import { until } from '../../kit/until.ts';

const archive = 'redis/redis_20240101_040000.tar.gz.enc';
const script = join(import.meta.dirname, '../../kit/put-in-child.ts');

/** Runs the put in a process of the non-root user under limits of prlimit(1); resolves to what it printed. */
const putInChild = async (folder: string, bytes: number, ...limits: string[]): Promise<unknown> => {
  const args = [...limits, process.execPath, script, folder, archive, String(bytes)];
  return JSON.parse((await promisify(execFile)('prlimit', args)).stdout);
};

const mount = (folder: string): void => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
};

const unmount = (folder: string): void => {
  execFileSync('umount', [folder]);
};

/** Mounting takes root; elsewhere the limit on the size of a file stands for the full disk. */
const canMount = ((): boolean => {
  const folder = workFolder('mount');
  try {
    mount(folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
})();

describe('the directory store', () => {
  let root: string;
  let store: Store;
  beforeEach(() => {
    root = workFolder('directory');
    store = directoryStore({ path: root });
  });
  afterEach(() => removeFolder(root));

  test('writes files for owner and group alone', async () => {
    await store.put(archive, streamOf('x'));
    expect(statSync(join(root, archive)).mode & 0o777).toBe(0o640);
    expect(statSync(join(root, 'redis')).mode & 0o777).toBe(0o750);
  });

  test('makes aliases that a shell follows', async () => {
    await store.put(archive, streamOf('content'));
    await store.point('redis/latest_backup.tar.gz.enc', archive);
    expect(readFileSync(join(root, 'redis/latest_backup.tar.gz.enc'), 'utf8')).toBe('content');
  });

  test('copies as a hard link, which takes no space', async () => {
    await store.put(archive, streamOf('content'));
    await store.copy(archive, 'redis/weekly/redis_weekly_20240107_040000.tar.gz.enc');
    expect(statSync(join(root, archive)).nlink).toBe(2);
  });

  test('does not make its root: where the volume is absent there is no store', async () => {
    const lost = directoryStore({ path: join(root, 'absent') });
    const refused = { code: 'store.refused', message: expect.stringContaining('is the volume mounted?') };
    await expect(lost.put(archive, streamOf('x'))).rejects.toMatchObject(refused);
    await expect(listed(lost, '')).rejects.toMatchObject(refused);
    await expect(lost.head(archive)).rejects.toMatchObject(refused);
    expect(existsSync(join(root, 'absent'))).toBe(false);
  });

  test('does not follow a folder that is a link', async () => {
    const outside = workFolder('outside');
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(outside, join(root, 'redis'));
    const refused = { code: 'store.odd', message: expect.stringContaining('not a real folder') };
    await expect(store.put('redis/a', streamOf('x'))).rejects.toMatchObject(refused);
    await expect(store.put('redis/weekly/a', streamOf('x'))).rejects.toMatchObject(refused);
    await expect(collect(store.get('redis/secret'))).rejects.toMatchObject(refused);
    await expect(store.remove('redis/secret')).rejects.toMatchObject(refused);
    await expect(listed(store, 'redis/')).rejects.toMatchObject(refused);
    expect(readdirSync(outside)).toEqual(['secret']);
    await removeFolder(outside);
  });

  test('does not read a file that is a link, nor an alias that leads out', async () => {
    mkdirSync(join(root, 'redis'));
    symlinkSync('/etc/passwd', join(root, archive));
    symlinkSync('/etc/passwd', join(root, 'redis/latest_backup'));
    await expect(collect(store.get(archive))).rejects.toMatchObject({ code: 'store.odd' });
    await expect(store.resolve('redis/latest_backup')).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('points outside its folder'),
    });
    await expect(store.head(archive)).rejects.toMatchObject({ code: 'store.odd' });
  });

  test('lists no file that is not its own', async () => {
    await store.put(archive, streamOf('x'));
    mkdirSync(join(root, 'lost+found'));
    writeFileSync(join(root, 'lost+found/a'), 'x');
    writeFileSync(join(root, 'redis/a file'), 'x');
    expect((await listed(store, '')).map(({ key }) => key)).toEqual([archive]);
  });

  test('fails when a file gets shorter while it is read', async () => {
    await store.put(archive, streamOf(Buffer.alloc(3 << 20)));
    const reading = store.get(archive)[Symbol.asyncIterator]();
    await reading.next();
    truncateSync(join(root, archive), 1 << 20);
    await expect(reading.next()).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('was cut to'),
    });
  });

  test('knows its space', async () => {
    const space = (await store.space())!;
    expect(space.freeBytes).toBeGreaterThan(0);
    expect(space.freeBytes).toBeLessThanOrEqual(space.totalBytes);
  });

  test('says when a file may not grow further, and leaves nothing', async () => {
    expect(await putInChild(root, 100_000, '--fsize=1000000')).toEqual({ put: 100_000 });
    rmSync(join(root, archive));
    const full = {
      code: 'store.full',
      message: expect.stringContaining(`no space left for ${join(root, archive)}`),
    };
    expect(await putInChild(root, 4 << 20, '--fsize=1000000')).toMatchObject(full);
    expect(readdirSync(join(root, 'redis'))).toEqual([]);
  });

  test('shows nothing of a put that was killed, and cleans up after it', async () => {
    const put = spawn(process.execPath, [script, root, archive, String(64 * 2 ** 30)], {
      stdio: 'ignore',
    });
    const folder = join(root, 'redis');
    await until(() => readdirSync(folder).length);
    put.kill('SIGKILL');
    await once(put, 'exit');
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/\.partial-/)]);
    expect(await listed(store, '')).toEqual([]);
    expect(await store.removeLeftovers(new Date(Date.now() + 60_000))).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('says when it may not write', async () => {
    chmodSync(root, 0o555);
    const refused = { code: 'store.refused', message: expect.stringContaining('(EACCES)') };
    expect(await putInChild(root, 1)).toMatchObject(refused);
    expect(readdirSync(root)).toEqual([]);
    chmodSync(root, 0o755);
  });

  if (canMount)
    test('on a full disk leaves nothing, and copies where it cannot link', async () => {
      const disk = join(root, 'redis');
      mkdirSync(disk);
      mount(disk);
      try {
        const full = { code: 'store.full', message: expect.stringContaining('(ENOSPC)') };
        await expect(store.put(archive, streamOf(Buffer.alloc(2 << 20)))).rejects.toMatchObject(full);
        expect(readdirSync(disk)).toEqual([]);
        await store.put('influxdb/a', streamOf('across file systems'));
        await store.copy('influxdb/a', archive);
        expect(readFileSync(join(root, archive), 'utf8')).toBe('across file systems');
        expect(statSync(join(root, archive)).nlink).toBe(1);
      } finally {
        unmount(disk);
      }
    });
});
