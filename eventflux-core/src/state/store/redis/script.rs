//! The scripts that change what is visible. Redis runs each as one step.

/// Makes an object visible if there is none of its name and all of its chunks are there.
///
/// Keys: the objects, then the chunks. Arguments: the name, the entry. Answers 1 if the object is visible with this very
/// entry, also when an earlier call did it whose answer was lost, and 0 if there is another one.
pub(super) const PUBLISH: &str = "
local present = redis.call('HGET', KEYS[1], ARGV[1])
if present == ARGV[2] then return 1 end
if present then return 0 end
for i = 2, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 0 then
        return redis.error_reply('LOST a part of the object is gone')
    end
end
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1";

/// Removes an object that still has this entry, and its chunks. Keys and arguments as for [`PUBLISH`].
pub(super) const REMOVE: &str = "
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
return 1";
