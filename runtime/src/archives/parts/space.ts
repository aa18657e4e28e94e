import { sum } from '../../core/sum.ts';

/** An archive by the space that it takes. */
export interface Taken {
  /** Copies of one backup share it, and on a folder its bytes. */
  readonly id: string;
  readonly startedAt: Date;
  /** With all of its parts. */
  readonly bytes: number;
  /** With those parts that were stored for it. */
  readonly addedBytes: number;
}

/** Bytes that go when an archive goes: of one that shares parts with the next, about as many as the next has instead. */
const ownBytes = ({ bytes }: Taken, next: Taken | undefined): number =>
  next && next.addedBytes < next.bytes ? Math.min(bytes, next.addedBytes) : bytes;

/** Bytes that archives of a target take together, each backup once, as far as their sizes tell. @param archives in any order */
export const bytesTogether = (archives: readonly Taken[]): number => {
  const backups = [...new Map(archives.map((each) => [each.id, each])).values()].toSorted(
    (a, b) => a.startedAt.getTime() - b.startedAt.getTime(),
  );
  return sum(backups.map((each, index) => ownBytes(each, backups[index + 1])));
};
