import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { empty } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import { database } from '../postgresql/bed.ts';
import type { Bed } from './bed.ts';
import { dropSlots, startNative, startOurs, type Follower } from './receivers.ts';
import { someWrites } from './writes.ts';

/** How often the writes are done: some 200 MB of log. */
const times = 6;

/** The same writes while nobody takes the log, and while somebody does: what that costs the server. */
export const loads = (bed: Bed) => {
  const file = join(bed.folder, 'load.sql');
  const native = join(bed.folder, 'native');
  writeFileSync(file, Array.from({ length: times }, () => `${someWrites};\n`).join(''));
  let follower: Follower | undefined;
  const settle = async (): Promise<void> => {
    await follower?.stop();
    follower = undefined;
    await dropSlots(bed);
  };
  const load = (name: string, start: () => Promise<Follower | undefined>): Contender => ({
    name,
    argv: ['psql', '-qX', '-d', database, '-f', file],
    env: bed.env,
    before: async () => {
      await settle();
      await bed.sql('vacuum temperature_readings; checkpoint');
      follower = await start();
    },
  });
  const contenders = [
    load('nobody takes the log', () => Promise.resolve(undefined)),
    load('pg_receivewal', () => {
      empty(native);
      return startNative(bed, native);
    }),
    load('grill-backup receive', () => {
      empty(bed.store);
      return startOurs(bed, 'ten');
    }),
  ];
  return { contenders, settle };
};
