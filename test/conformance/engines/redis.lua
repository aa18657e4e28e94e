-- Every key of the databases 0 to 3 with type, time of expiry and a hash of its value, in an order of its own.
local function flat(value)
  if type(value) ~= 'table' then return tostring(value) end
  local parts = {}
  for index, item in ipairs(value) do parts[index] = flat(item) end
  return '[' .. table.concat(parts, ',') .. ']'
end

local function sorted(list)
  table.sort(list)
  return list
end

local function pairsOf(list)
  local parts = {}
  for index = 1, #list, 2 do parts[#parts + 1] = list[index] .. '\0' .. list[index + 1] end
  return sorted(parts)
end

local readers = {
  string = function(key) return redis.call('GET', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return sorted(redis.call('SMEMBERS', key)) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  hash = function(key) return pairsOf(redis.call('HGETALL', key)) end,
  stream = function(key)
    local parts = { redis.call('XRANGE', key, '-', '+'), redis.call('XINFO', 'GROUPS', key) }
    for _, group in ipairs(parts[2]) do
      for _, pending in ipairs(redis.call('XPENDING', key, group[2], '-', '+', 1000)) do
        parts[#parts + 1] = { pending[1], pending[2], pending[4] }
      end
    end
    return parts
  end,
}

-- Redis before 7 does not tell when a key expires; then only whether it does.
local function expiry(key)
  local time = redis.pcall('PEXPIRETIME', key)
  if type(time) == 'number' then return time end
  return redis.call('PTTL', key) >= 0 and 1 or -1
end

local lines = {}
for database = 0, 3 do
  redis.call('SELECT', database)
  local keys = sorted(redis.call('KEYS', '*'))
  for _, key in ipairs(keys) do
    local kind = redis.call('TYPE', key).ok
    local value = redis.sha1hex(flat(readers[kind](key)))
    lines[#lines + 1] = table.concat({ database, redis.sha1hex(key), kind, expiry(key), value }, ' ')
  end
end
return lines
