import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { removeFolder, workFolder } from '../../test/kit/private-server.ts';
import { randomStream } from '../../test/kit/streams.ts';
import type { Contender } from '../harness/measure.ts';
import { race, type RaceResult } from '../harness/race.ts';
import type { Suite } from '../harness/suite.ts';
import { bucket, gateways, type Gateway } from './gateways.ts';

type Direction = 'put' | 'get';

/** A file to send, and one to get. */
interface Files {
  readonly put: string;
  readonly get: string;
}

/** Flags as in runtime/bin/grill-backup. */
const node = [process.execPath, '--max-semi-space-size=1', '--initial-old-space-size=128'];

const ours = ({ endpoint, caFile, env, sweep }: Gateway, direction: Direction, files: Files): Contender => {
  const config = { base: `s3://${bucket}/ours`, endpoint, forcePathStyle: true, ...(caFile && { caFile }) };
  const words = [direction, JSON.stringify(config), 'object', files[direction]];
  const argv = [...node, join(import.meta.dirname, 'transfer.ts'), ...words];
  return { name: "grill-backup's store", argv, env, before: sweep };
};

const awsCli = (
  program: string,
  { endpoint, env, sweep }: Gateway,
  direction: Direction,
  files: Files,
): Contender => {
  const url = `s3://${bucket}/aws/object`;
  const words = direction === 'put' ? [files.put, url] : [url, files.get];
  const argv = [program, 's3', 'cp', '--no-progress', '--endpoint-url', endpoint, ...words];
  return { name: 'aws s3 cp', argv, env, before: sweep };
};

/** The AWS CLI first, where $AWS_CLI names it. */
const contenders = (gateway: Gateway, direction: Direction, files: Files): readonly Contender[] => {
  const { AWS_CLI: program } = process.env;
  const peers = program === undefined ? [] : [awsCli(program, gateway, direction, files)];
  return [...peers, ours(gateway, direction, files)];
};

const racesOn = async (gateway: Gateway, files: Files, rounds: number): Promise<readonly RaceResult[]> => {
  const races: RaceResult[] = [];
  for (const direction of ['put', 'get'] as const) {
    const title = `${direction}, ${gateway.name}`;
    races.push(await race({ title, contenders: contenders(gateway, direction, files), rounds }));
    rmSync(files.get, { force: true });
  }
  return races;
};

/** One object to and from Ceph, Ceph over TLS, and Versity's gateway where $VERSITYGW names its program. */
export const s3: Suite = {
  name: 's3',
  flags: {
    /** Size of the object. */
    megabytes: { type: 'string', default: '1000' },
  },
  run: async (rounds, { megabytes }) => {
    const folder = workFolder('bench-s3');
    const files = { put: join(folder, 'source'), get: join(folder, 'target') };
    const races: RaceResult[] = [];
    try {
      await pipeline(randomStream(Number(megabytes) * 1e6), createWriteStream(files.put));
      for (const start of gateways()) {
        const gateway = await start();
        races.push(...(await racesOn(gateway, files, rounds).finally(gateway.stop)));
      }
    } finally {
      await removeFolder(folder);
    }
    return { subject: `an object of ${String(megabytes)} MB that does not compress`, races };
  },
};
