import { mustExist } from '../../../core/must-exist.ts';

/** What a transaction sees: which others had ended when its snapshot was taken. Ids have 64 bits. */
export interface Snapshot {
  /** All before it had ended. */
  readonly xmin: bigint;
  /** None from it on had ended. */
  readonly xmax: bigint;
  /** Those between the two that had not. */
  readonly running: readonly bigint[];
}

/** `735:740:736,738` */
export const parseSnapshot = (text: string): Snapshot => {
  const [xmin, xmax, running = ''] = text.split(':');
  return {
    xmin: BigInt(mustExist(xmin, 'xmin')),
    xmax: BigInt(mustExist(xmax, 'xmax')),
    running: running === '' ? [] : running.split(',').map(BigInt),
  };
};

const epoch = 1n << 32n;

/** The id of 64 bits that ends in the 32 of a record, next to those of the snapshot. */
const whole = ({ xmax }: Snapshot, xid: bigint): bigint => {
  const near = xmax - (xmax % epoch) + xid;
  if (near > xmax + epoch / 2n) return near - epoch;
  return near < xmax - epoch / 2n ? near + epoch : near;
};

/** Whether a transaction that committed is seen. @param xid as records of the log have it */
export const sees = (snapshot: Snapshot, xid: bigint): boolean => {
  const id = whole(snapshot, xid);
  const { xmin, xmax, running } = snapshot;
  return id < xmin || (id < xmax && !running.includes(id));
};
