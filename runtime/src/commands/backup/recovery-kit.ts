import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { names, recoveryFolder } from '../../contract/names.ts';
import { isBackupError, messageOf } from '../../core/errors.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import { readSmall } from '../../store/size-limits.ts';
import type { Store } from '../../store/store.ts';
import { allStores, type App } from '../../session/app.ts';
import { programVersion } from '../../core/version.ts';

/** Files of the kit, relative to this source; the job image holds them. */
const sources = {
  'recover.sh': '../../../recovery/recover.sh',
  'FORMAT.md': '../../../FORMAT.md',
  'README.txt': '../../../recovery/README.txt',
} as const;

interface Kit {
  /** Name → content; the README comes last and says that the others are there. */
  readonly files: readonly (readonly [string, Buffer])[];
  /** First line of the README. */
  readonly title: string;
}

const readKit = async (): Promise<Kit> => {
  const files = await Promise.all(
    Object.entries(sources).map(
      async ([name, path]) => [name, await readFile(new URL(path, import.meta.url))] as const,
    ),
  );
  const hash = createHash('sha256');
  for (const [, content] of files) hash.update(content);
  const title = `${names.program} ${programVersion} offline recovery kit, ${hash.digest('hex').slice(0, 16)}`;
  const titled = (content: Buffer): Buffer => Buffer.concat([Buffer.from(`${title}\n\n`), content]);
  return {
    title,
    files: files.map(([name, content]) => [name, name === 'README.txt' ? titled(content) : content]),
  };
};

const keyOf = (name: string): string => `${recoveryFolder}/${name}`;

/** Undefined where the kit is not whole, or its README is none of ours: it is written again. */
const storedTitle = async (store: Store): Promise<string | undefined> => {
  for (const name of Object.keys(sources)) if (!(await store.head(keyOf(name)))) return undefined;
  try {
    return (await readSmall(store, keyOf('README.txt'), 'recoveryKit')).toString('utf8').split('\n', 1)[0];
  } catch (error) {
    if (isBackupError(error, 'store.large') || isBackupError(error, 'store.missing')) return undefined;
    throw error;
  }
};

const versionOf = (title: string): readonly number[] =>
  (/ (\d+)\.(\d+)\.(\d+) /.exec(title)?.slice(1) ?? []).map(Number);

/** True for a kit of a later program, which reads this one's archives too. */
const isNewer = (title: string): boolean => {
  const [stored, own] = [versionOf(title), versionOf(` ${programVersion} `)];
  const differences = stored.map((part, index) => part - (own[index] ?? 0));
  return (differences.find((difference) => difference !== 0) ?? 0) > 0;
};

const putKit = async (store: Store, { files, title }: Kit): Promise<void> => {
  const stored = await storedTitle(store);
  if (stored === title || (stored !== undefined && isNewer(stored))) return;
  for (const [name, content] of files)
    await store.put(keyOf(name), () => oneChunk(content), { replace: true });
};

/** Keeps the offline recovery kit in every store; an archive without it is still one, so a failure is only logged. */
export const storeRecoveryKit = async (app: App): Promise<void> => {
  for (const store of allStores(app))
    await readKit()
      .then((kit) => putKit(store, kit))
      .catch((error: unknown) =>
        app.run.log.warn(
          { store: store.location, problem: messageOf(error) },
          'the offline recovery kit could not be stored',
        ),
      );
};
