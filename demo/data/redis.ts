/** Seconds a session lives; long enough to outlive the demo, as every TTL here. */
const sessionSeconds = 86_400;

/** One user's session and cache structures, as inline commands. */
const user = (id: number): readonly string[] => [
  `HSET session:${id} user ${id} ip 10.0.0.${id % 256} agent "Grill \\"App\\" 4.${id % 10}" csrf ${'c0ffee'.repeat(5)}${id}`,
  `EXPIRE session:${id} ${sessionSeconds + id}`,
  `SET cache:dashboard:${id} "{\\"user\\":${id},\\"probes\\":[${id % 120},${id % 90}]}" EX ${3600 + id}`,
  `INCRBY ratelimit:${id} ${id % 60}`,
  `EXPIRE ratelimit:${id} 7200`,
  `RPUSH device:${id}:recent ${[...Array(12).keys()].map((n) => 60 + ((id * 7 + n) % 50)).join(' ')}`,
  `SADD online ${id}`,
  `ZADD leaderboard ${(id * 37) % 1000}.5 user:${id}`,
];

/** Session and cache structures of users `from` to `to`; the first batch has the shared ones as well. */
export const sessions = (from: number, to: number): readonly string[] => [
  ...(from === 0 ? shared : []),
  ...Array.from({ length: to - from }, (_, index) => user(from + index)).flat(),
];

const shared = [
  'XADD events * kind login user 1',
  'XADD events * kind alarm user 2 celsius 121.5',
  'XGROUP CREATE events notifier 0',
  'SELECT 1',
  'SET feature:smoke-mode "on"',
  'HSET feature:rollout percent 25 note "grüße"',
  'SELECT 0',
];

/** Lua: one line per type with count and hash of all keys, their values in a stable order, and their expiry. */
export const digestScript = `
local function pairsOf(list)
  local all = {}
  for i = 1, #list, 2 do all[#all + 1] = list[i] .. '=' .. list[i + 1] end
  table.sort(all)
  return all
end
local function sorted(list) table.sort(list) return list end
local read = {
  string = function(k) return {redis.call('GET', k)} end,
  hash = function(k) return pairsOf(redis.call('HGETALL', k)) end,
  list = function(k) return redis.call('LRANGE', k, 0, -1) end,
  set = function(k) return sorted(redis.call('SMEMBERS', k)) end,
  zset = function(k) return redis.call('ZRANGE', k, 0, -1, 'WITHSCORES') end,
  stream = function(k)
    local all = {}
    for _, entry in ipairs(redis.call('XRANGE', k, '-', '+')) do
      all[#all + 1] = entry[1] .. table.concat(entry[2], ' ')
    end
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', k)) do all[#all + 1] = cjson.encode(group) end
    return all
  end,
}
local byType = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  local lines = byType[kind] or {}
  lines[#lines + 1] = key .. '|' .. redis.call('PEXPIRETIME', key) .. '|' .. redis.sha1hex(table.concat(read[kind](key), '|'))
  byType[kind] = lines
end
local result = {}
for kind, lines in pairs(byType) do
  result[#result + 1] = kind .. ' ' .. #lines .. ' ' .. redis.sha1hex(table.concat(sorted(lines), ' '))
end
return sorted(result)
`;
