import { statfs } from 'node:fs/promises';

/** File systems on a disk or in the memory of this machine, by their numbers (statfs(2)): ext4, XFS, Btrfs, F2FS, tmpfs, overlayfs. */
const nearTypes: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994, 0x794c7630,
]);

/** Whether a folder lies on this machine. */
export type Nearness = () => boolean | Promise<boolean>;

/**
 * Tells whether a folder lies on this machine, where a thread for each look would cost more than the look; found out when it is first asked
 * for, once the folder is there. Everything else may be a network away, and is waited for beside other work, as is the answer: a volume
 * that hangs holds up its own operation, and neither the deadline of a run nor its signals.
 */
export const nearness = (root: string): Nearness => {
  let isNear: boolean | undefined;
  return async () =>
    (isNear ??= await statfs(root).then(
      ({ type }) => nearTypes.has(type),
      () => undefined,
    )) ?? false;
};
