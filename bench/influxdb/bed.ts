import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { influxd2 } from '../../test/kit/influxdb.ts';
import { removeFolder } from '../../test/kit/private-server.ts';
import { makePlanFolder, type PlanFolder } from '../harness/plan-folder.ts';
import { cpuSecondsOfTree } from '../harness/processes.ts';
import { generation1 } from './generation1.ts';
import { generation2 } from './generation2.ts';
import type { Served } from './served.ts';

/** How much there is of everything. */
export interface Shape {
  /** Combinations of device and probe. */
  readonly series: number;
  /** Of each series. */
  readonly points: number;
  /** Bytes of random text in each point; 0 for a float and an integer alone. */
  readonly text: number;
}

export interface Bed extends PlanFolder {
  readonly server: Served;
  readonly stop: () => Promise<void>;
}

const linesOfRequest = 5_000;
/** All points lie in so many days, which are five or six of a database's weekly shards. */
const days = 30;

/** Point number `index` of all, one time of all series after the other. */
const line = (index: number, { series, points, text }: Shape, now: number): string => {
  const [step, device] = [Math.floor(index / series), index % series];
  const celsius = (80 + 30 * Math.sin((step + device) / 40) + (device % 7)).toFixed(2);
  const note = text > 0 ? `,note="${randomBytes(Math.ceil(text / 2)).toString('hex')}"` : '';
  const time = Math.floor(now - ((points - step) * days * 86_400) / points);
  return `temperature,device=TW-${device >> 1},probe=${device % 2 ? 'meat' : 'pit'} celsius=${celsius},samples=${step % 9}i${note} ${time}000000000`;
};

const fill = async (server: Served, shape: Shape): Promise<void> => {
  const now = Date.now() / 1000 - 3600;
  const total = shape.series * shape.points;
  for (let from = 0; from < total; from += linesOfRequest) {
    const count = Math.min(linesOfRequest, total - from);
    await server.write(
      Array.from({ length: count }, (_, index) => line(from + index, shape, now)).join('\n'),
    );
  }
};

const quietSeconds = 3;

/** Waits until the server has compacted what was written: until it has done next to nothing for a while. */
const settled = async ({ pid }: Served): Promise<void> => {
  for (;;) {
    const before = cpuSecondsOfTree(pid);
    await sleep(quietSeconds * 1000);
    if (cpuSecondsOfTree(pid) - before < quietSeconds / 50) return;
  }
};

/** Starts a private InfluxDB, 2.x where INFLUXD2 names it, and fills it. */
export const makeBed = async (shape: Shape): Promise<Bed> => {
  const server = await (influxd2 === undefined ? generation1 : generation2)();
  const target = { name: 'influxdb', engine: 'influxdb', connection: server.connection };
  const plan = makePlanFolder([target], { influxdb: server.credentials });
  await fill(server, shape);
  await settled(server);
  return {
    ...plan,
    server,
    stop: async () => {
      await server.stop();
      await removeFolder(plan.folder);
    },
  };
};
