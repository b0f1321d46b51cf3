//! The scripts that write markers. Redis runs each as one step.
//!
//! A marker is a field of a hash, named as the sink: `1 GENERATION EPOCH COUNT`, where 1 is its version, and the first `COUNT`
//! messages of `EPOCH` and all before it have been written by the run `GENERATION` or its predecessors.
//!
//! **Shapes** Every script answers a word and the marker's epoch and count: `ok`, or why it did nothing. `taken`: a later run
//! has the place; `newer`: the rows of a later checkpoint are there; `lost`: what was acknowledged is gone; `damaged`.

/// Takes the place of earlier runs.
///
/// Keys: the markers. Arguments: the field, the generation, the restored epoch.
pub const CLAIM: &str = "
local marker = redis.call('HGET', KEYS[1], ARGV[1])
local epoch, count = '0', '0'
if marker then
    local generation
    generation, epoch, count = string.match(marker, '^1 (%d+) (%d+) (%d+)$')
    if not generation then return {'damaged', 0, 0} end
    if tonumber(generation) > tonumber(ARGV[2]) then return {'taken', 0, 0} end
    if tonumber(epoch) > tonumber(ARGV[3]) then return {'newer', tonumber(epoch), tonumber(count)} end
end
redis.call('HSET', KEYS[1], ARGV[1], '1 ' .. ARGV[2] .. ' ' .. epoch .. ' ' .. count)
return {'ok', tonumber(epoch), tonumber(count)}";

/// Writes messages of an epoch and moves the marker behind them; those that are there already are left out.
///
/// Keys: the markers, the key. Arguments: the field, the generation; the epoch and count that the marker must have reached; the
/// epoch of the messages, how many of it come before them; `stream` or `hash`, the length of the stream or nothing; per message
/// three: `k` if it has a key, `v` if it has a value, or `kv`, then both.
pub const DELIVER: &str = "
local marker = redis.call('HGET', KEYS[1], ARGV[1])
if not marker then return {'lost', 0, 0} end
local found, at_epoch, at_count = string.match(marker, '^1 (%d+) (%d+) (%d+)$')
if not found then return {'damaged', 0, 0} end
found, at_epoch, at_count = tonumber(found), tonumber(at_epoch), tonumber(at_count)
local generation, epoch, from = tonumber(ARGV[2]), tonumber(ARGV[5]), tonumber(ARGV[6])
if found > generation then return {'taken', 0, 0} end
local known_epoch, known_count = tonumber(ARGV[3]), tonumber(ARGV[4])
local is_behind = at_epoch < known_epoch or (at_epoch == known_epoch and at_count < known_count)
if found < generation or is_behind then return {'lost', at_epoch, at_count} end
if at_epoch > epoch then return {'ok', at_epoch, at_count} end
local there = 0
if at_epoch == epoch then there = at_count end
if there < from then return {'lost', at_epoch, at_count} end
local count = (#ARGV - 8) / 3
if there >= from + count then return {'ok', at_epoch, at_count} end
local command = {'XADD', KEYS[2]}
if ARGV[8] ~= '' then
    command[3], command[4], command[5] = 'MAXLEN', '~', ARGV[8]
end
command[#command + 1] = '*'
local head = #command
for index = there - from, count - 1 do
    local parts, key, value = ARGV[9 + 3 * index], ARGV[10 + 3 * index], ARGV[11 + 3 * index]
    if ARGV[7] == 'hash' then
        if parts == 'k' then
            redis.call('HDEL', KEYS[2], key)
        else
            redis.call('HSET', KEYS[2], key, value)
        end
    else
        for last = #command, head + 1, -1 do command[last] = nil end
        if parts ~= 'v' then
            command[#command + 1], command[#command + 2] = 'key', key
        end
        if parts ~= 'k' then
            command[#command + 1], command[#command + 2] = 'value', value
        end
        redis.call(unpack(command))
    end
end
redis.call('HSET', KEYS[1], ARGV[1], '1 ' .. ARGV[2] .. ' ' .. ARGV[5] .. ' ' .. (from + count))
return {'ok', epoch, from + count}";
