import { parseArgs } from 'node:util';

export interface Options {
  /** Bytes of data in all three databases. @default 50M */
  readonly bytes: number;
  /** Also copies archives to an S3 server, and restores from there. */
  readonly remote: boolean;
  /** Loses servers and volume instead of some data, and recovers from the S3 server alone. */
  readonly disaster: boolean;
  /** PostgreSQL alone: damages a table while somebody writes, and brings back the instant before. */
  readonly pointInTime: boolean;
  /** Leaves the console running over what is there then, until it is stopped. */
  readonly console: boolean;
  /** Leaves archives and pods in the work folder. */
  readonly keep: boolean;
  readonly help: boolean;
}

export const usage = `usage: make demo [ARGS="--size 50M|2G --remote|--disaster|--point-in-time --console --keep"]

  --size SIZE   data in all three databases together (default 50M)
  --remote      a private S3 server as second store; restores come from it
  --disaster    the same, and all else is lost: docs/how-to/disaster-recovery.md, step by step, timed
  --point-in-time  PostgreSQL alone: a table is damaged while somebody writes, and the instant before it brought back
  --console     afterwards the console goes on over the demo's data, on loopback, until Ctrl-C
  --keep        keep archives, reports and the passphrase in the work folder
`;

const factors = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;

/** `50M` → bytes. @throws Error for anything else */
const parseSize = (text: string): number => {
  const [, digits, unit] = /^([1-9]\d*)([KMG])$/.exec(text) ?? [];
  if (!digits) throw new Error(`--size ${text}: expected a size such as 50M or 2G`);
  return Number(digits) * factors[unit as keyof typeof factors];
};

/** @throws Error that names what was not understood */
export const parseOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '50M' },
      remote: { type: 'boolean', default: false },
      disaster: { type: 'boolean', default: false },
      'point-in-time': { type: 'boolean', default: false },
      console: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { size, 'point-in-time': pointInTime, ...rest } = values;
  if (pointInTime && rest.disaster)
    throw new Error('--disaster and --point-in-time are two demos; use one of them');
  return { bytes: parseSize(size), ...rest, pointInTime, remote: rest.remote || rest.disaster };
};
