import { startRedis, type TestRedis } from '../../test/kit/redis.ts';
import { removeFolder } from '../../test/kit/private-server.ts';
import { makePlanFolder, type PlanFolder } from '../harness/plan-folder.ts';

/** A filled server and a plan for it. */
export interface Bed extends PlanFolder {
  readonly redis: TestRedis;
  readonly stop: () => Promise<void>;
}

/** Users of a megabyte of the server's memory. */
const usersPerMegabyte = 640;

/** Lua: sessions, dashboards, limits, readings and ranks of the users ARGV[1] to ARGV[2] - 1, as in the demo's data. */
const users = `
for id = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  local token = redis.sha1hex(id)
  redis.call('HSET', 'session:' .. id, 'user', id, 'ip', '10.0.' .. id % 256 .. '.7', 'agent', '"Grill App" 4.' .. id % 10, 'csrf', token)
  redis.call('EXPIRE', 'session:' .. id, 86400 + id)
  redis.call('SET', 'cache:dashboard:' .. id, '{"user":' .. id .. ',"token":"' .. redis.sha1hex(token) .. '","probes":[' .. id % 120 .. ']}')
  redis.call('SET', 'ratelimit:' .. id, id % 60, 'EX', 86400)
  for n = 0, 11 do redis.call('RPUSH', 'device:' .. id .. ':recent', 60 + (id * 7 + n * n) % 50) end
  redis.call('SADD', 'online', id)
  redis.call('ZADD', 'leaderboard', id * 37 % 1000 + 0.5, 'user:' .. id)
end`;

const batch = 2_000;

const fill = async ({ cli }: TestRedis, megabytes: number): Promise<void> => {
  const count = megabytes * usersPerMegabyte;
  for (let from = 0; from < count; from += batch)
    await cli('EVAL', users, '0', `${from}`, `${Math.min(count, from + batch)}`);
};

/** Starts a private Redis with about `megabytes` of memory in use. */
export const makeBed = async (megabytes: number): Promise<Bed> => {
  const redis = await startRedis();
  await fill(redis, megabytes);
  const { host, port } = redis;
  const plan = makePlanFolder([{ name: 'redis', engine: 'redis', connection: { host, port } }], {
    redis: { password: '' },
  });
  return {
    ...plan,
    redis,
    stop: async () => {
      await redis.stop();
      await removeFolder(plan.folder);
    },
  };
};
