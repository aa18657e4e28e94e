import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bash, empty } from '../harness/contenders.ts';
import type { Contender } from '../harness/measure.ts';
import { slotOf, type Bed } from './bed.ts';
import { dropSlots, startNative, startOurs, untilConfirmed } from './receivers.ts';
import { position, writeLog } from './writes.ts';

/** A server refuses to run as root. */
const asServer = process.getuid?.() === 0 ? 'setpriv --reuid=65534 --regid=65534 --clear-groups' : '';

/** What a restore begins from: a base and the log after it, ours and by hand. @returns an instant of that log */
const prepare = async (bed: Bed, hand: string, megabytes: number): Promise<string> => {
  const run = (text: string) =>
    execFileSync('bash', bash(text).slice(1), { env: { ...process.env, ...bed.env } });
  for (const folder of [bed.store, hand, join(hand, 'wal')]) empty(folder);
  await dropSlots(bed);
  const native = await startNative(bed, join(hand, 'wal'));
  const ours = await startOurs(bed, 'ten');
  run('grill-backup base ten > /dev/null');
  run(`pg_basebackup -D - -Ft -X none -c fast 2> /dev/null | zstd -1 -q -o ${hand}/base.tar.zst`);
  await writeLog(bed, megabytes, await position(bed));
  const instant = await bed.sql(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')`,
  );
  await bed.sql('select pg_sleep(0.1); create table after_the_instant (); select pg_switch_wal()');
  const end = await position(bed);
  await untilConfirmed(bed, slotOf('ten'), end);
  await ours.stop();
  await native.stop();
  run(
    `cd ${hand}/wal; shopt -s nullglob; for file in *.partial; do mv $file \${file%.partial}; done; chmod -R a+rX ${hand}`,
  );
  await dropSlots(bed);
  return instant;
};

/** Starts the server of a data folder, waits until it has opened at the instant, and ends it. */
const openServer = (data: string): string => `
  ${asServer} pg_ctl -D ${data} -o "-p 1 -k ${data} -c listen_addresses=''" -w -t 600 -l ${data}/log start > /dev/null
  until [ "$(psql -h ${data} -p 1 -d postgres -Atc 'select pg_is_in_recovery()')" = f ]; do sleep 0.02; done
  ${asServer} pg_ctl -D ${data} -m immediate stop > /dev/null`;

/** Ways to a server that stands at the instant, by hand first. */
export const instants = async (bed: Bed, megabytes: number): Promise<readonly Contender[]> => {
  const [hand, data] = [join(bed.folder, 'hand'), join(bed.folder, 'data')];
  const instant = await prepare(bed, hand, megabytes);
  const before = () => rmSync(data, { recursive: true, force: true });
  const byHand = `mkdir -m 700 ${data}; zstd -dcq ${hand}/base.tar.zst | tar xf - -C ${data}
    echo "restore_command = 'cp ${hand}/wal/%f %p'
    recovery_target_time = '${instant}+00'
    recovery_target_action = promote" >> ${data}/postgresql.auto.conf
    touch ${data}/recovery.signal; chown -R 65534:65534 ${data} 2> /dev/null || true; ${openServer(data)}`;
  const restore = `grill-backup restore ten --to '${instant}'`;
  return [
    { name: 'zstd -d | tar, restore_command, start', argv: bash(byHand), env: bed.env, before },
    {
      name: 'grill-backup restore --to --data-directory, start',
      argv: bash(`${restore} --data-directory ${data} > /dev/null; ${openServer(data)}`),
      env: bed.env,
      before,
    },
    {
      name: 'grill-backup restore --to --test',
      argv: bash(`${restore} --test > /dev/null`),
      env: bed.env,
      before,
    },
  ];
};
