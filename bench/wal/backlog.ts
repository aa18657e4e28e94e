import { join } from 'node:path';
import { empty, script, sizeBelow } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import { slotOf, type Bed } from './bed.ts';
import { dropSlots } from './receivers.ts';
import { position, someWrites, writeLog } from './writes.ts';

/** Slot that keeps the backlog, of which each contender gets a copy. */
const backlog = 'backlog';

/** Writes that much log, and keeps it. */
const makeBacklog = async (bed: Bed, megabytes: number): Promise<void> => {
  await bed.sql(`select pg_create_physical_replication_slot('${backlog}', true)`);
  await writeLog(bed, megabytes, await position(bed));
};

const renew = async (bed: Bed, slot: string): Promise<void> => {
  await dropSlots(bed, backlog);
  await bed.sql(`select pg_copy_physical_replication_slot('${backlog}', '${slot}')`);
};

/** Ways to take the log of a server that was written while nobody took it, PostgreSQL's own first. */
export const backlogs = async (bed: Bed, megabytes: number): Promise<readonly Contender[]> => {
  await makeBacklog(bed, megabytes);
  const end = await position(bed);
  await bed.sql(someWrites); // pg_receivewal ends when it gets more than it wants
  const native = (name: string, more: string): Contender => {
    const contender = script(
      bed,
      name,
      `pg_receivewal -D . -S native -n --endpos ${end} ${more} 2> /dev/null`,
    );
    return {
      ...contender,
      before: async () => {
        await contender.before?.();
        await renew(bed, 'native');
      },
    };
  };
  return [
    native('pg_receivewal', ''),
    native('pg_receivewal -Z gzip:1', '-Z gzip:1'),
    {
      name: 'grill-backup receive',
      argv: ['node', join(import.meta.dirname, 'drain.ts'), 'ten', `${bed.port}`],
      env: bed.env,
      before: async () => {
        empty(bed.store);
        await renew(bed, slotOf('ten'));
      },
      bytes: () => sizeBelow(bed.store),
    },
  ];
};
