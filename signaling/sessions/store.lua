-- The rules of base.py, in one Redis. One run of this script does the calls that one process gathered, each of them whole.
--
-- redis.py puts the constants in front: TTL, SLACK, LEASE, PLACE, KEEP, GRACE (all in milliseconds), MAX_INITIATED,
-- MAX_JOINED, STEPS.
--
--   lowkey:name:<user>      name, connection, key, life    who holds the name; no connection and no life in a lease
--   lowkey:place:<place>    life, memory                   its present life, and the memory that it was heard in
--   lowkey:memory           id, grace                      which memory this is, and until when no new name is given in it
--   lowkey:voice:<voice>    which of the eras of a store's object is heard: what it said in another is not acted upon
--   lowkey:lives            life -> when it is over        a life is "<place>@<since>": a place that was away has a new one
--   lowkey:at:<life>        user -> when its name is kept next
--   lowkey:heard            when any place was heard last
--   lowkey:leases           user -> when the lease is over
--   lowkey:session:<id>     initiator, guest, ends
--   lowkey:pair:<a>:<b>     the id of their session, a < b
--   lowkey:opened:<user>    id -> when it ends at the earliest: the sessions that the user initiated
--   lowkey:joined:<user>    the same, of those in which the user is the guest
--
-- What has a time of its own is over at that time, whether or not its key is still there; the keys expire later, so that
-- nothing stays behind. No step is longer than the sessions of one user, which are told one by one and of which there are
-- MAX_INITIATED and MAX_JOINED at most. Redis's clock may be set: what would end later than it can is brought forward.

local call, lower = redis.call, string.lower
local LIVES, HEARD, LEASES, MEMORY = "lowkey:lives", "lowkey:heard", "lowkey:leases", "lowkey:memory"
local MARGIN = 10000 -- how much longer a session's keys live than the session
local now, voice, era, is_heard

local function key(kind, name)
  return "lowkey:" .. kind .. ":" .. name
end

local function keep(name)
  call("PEXPIRE", name, KEEP)
end

-- What is asked ends here, before anything was written.
local function refuse(why, detail)
  error({ refusal = { why, detail } }, 0)
end

-- Places

local on = {} -- what this run has found out: many who ask in it are at one place

local function is_on(life)
  if life and on[life] == nil then
    local over = call("ZSCORE", LIVES, life)
    on[life] = over and tonumber(over) > now or false
  end
  return life and on[life]
end

local function place_of(life)
  return string.match(life, "^(.*)@%d+$")
end

local function live(life)
  call("ZADD", LIVES, now + PLACE, life)
  keep(LIVES)
  on[life] = true
end

-- Nobody has been told yet: the next beat says that the place was not known.
local function begin(place)
  local record, life = key("place", place), string.format("%s@%.0f", place, now)
  call("HSET", record, "life", life)
  call("HDEL", record, "memory")
  keep(record)
  live(life)
  return life
end

-- The present life of a place; a new one when there is none.
local function enter(place)
  local life = call("HGET", key("place", place), "life")
  return is_on(life) and life or begin(place)
end

-- When nobody was heard for a while, or last in the future, it was Redis that was away, or all of them, or its clock was
-- set: no place is over for that, and none lives longer.
local function hear()
  local heard = call("GET", HEARD)
  if not heard or math.abs(now - tonumber(heard)) > PLACE / 2 then
    for _, life in ipairs(call("ZRANGE", LIVES, 0, -1)) do
      live(life)
    end
  end
  call("SET", HEARD, now, "PX", KEEP)
end

-- A name's key would expire under a connection that lasts. Those that are due are kept longer, some with each beat.
local function keep_names(life)
  local there = key("at", life)
  for _, user in ipairs(call("ZRANGE", there, "-inf", now, "BYSCORE", "LIMIT", 0, STEPS)) do
    keep(key("name", user))
    call("ZADD", there, now + KEEP / 2, user)
  end
  keep(there)
end

-- The memory

-- Which memory this is. A Redis that was restarted has none, or one of some time ago, which is another.
local function memory()
  local run, id = string.match(call("INFO", "server"), "run_id:(%x+)"), call("HGET", MEMORY, "id")
  if not id or string.match(id, "^%x+") ~= run then
    id = string.format("%s@%.0f", run, now)
    call("DEL", MEMORY)
    call("HSET", MEMORY, "id", id)
  end
  keep(MEMORY)
  return id
end

-- Whoever was there before a memory was lost is to have its name again before anybody else has it: until then, none is
-- given to anybody new.
local function grace()
  local over = call("HGET", MEMORY, "grace")
  over = over and tonumber(over)
  return over and over > now and over <= now + GRACE and over
end

-- There may be many to claim again: the grace lasts while they come.
local function lengthen_grace()
  local over = grace()
  if over and over < now + GRACE / 2 then
    call("HSET", MEMORY, "grace", now + GRACE / 2)
  end
end

-- Names

local function holder(user)
  local name, connection, owner, life = unpack(call("HMGET", key("name", user), "name", "connection", "key", "life"))
  return name and { name = name, connection = connection, key = owner, life = life }
end

-- Whoever asks has to hold the name that it speaks under, at a place that lives.
local function check(name, connection)
  local found, life = unpack(call("HMGET", key("name", lower(name)), "connection", "life"))
  if found == connection and is_on(life) then
    return
  end
  local held = holder(lower(name))
  if not held or held.connection == connection then
    refuse("FORGOTTEN")
  end
  refuse("LOST", held.key)
end

local function where(name)
  local connection, life = unpack(call("HMGET", key("name", lower(name)), "connection", "life"))
  return is_on(life) and { place_of(life), connection }
end

local function spelling(name)
  return call("HGET", key("name", lower(name)), "name") or name
end

-- Sessions: { id, initiator, guest or false }

local function session(id)
  local initiator, guest, ends = unpack(call("HMGET", key("session", id), "initiator", "guest", "ends"))
  ends = ends and tonumber(ends)
  if ends and ends > now then
    if ends > now + TTL then
      ends = now + TTL
      call("HSET", key("session", id), "ends", ends)
    end
    return { id, initiator, guest }, ends
  end
end

local function pair(one, other)
  one, other = lower(one), lower(other)
  return key("pair", one < other and one .. ":" .. other or other .. ":" .. one)
end

local function standing(one, other)
  local id = call("GET", pair(one, other))
  if id then
    return session(id)
  end
end

local function in_seats(found, one, other)
  local initiator, guest = lower(found[2]), found[3] and lower(found[3])
  one, other = lower(one), other and lower(other)
  return (initiator == one and (guest == other or not other)) or (guest == one and (initiator == other or not other))
end

-- Let a session live for TTL from now, and all that belongs to it.
local function renew(found)
  local id, initiator, guest = unpack(found)
  call("HSET", key("session", id), "ends", now + TTL)
  call("PEXPIRE", key("session", id), TTL + MARGIN)
  call("PEXPIRE", key("opened", lower(initiator)), TTL + MARGIN)
  if guest then
    call("PEXPIRE", key("joined", lower(guest)), TTL + MARGIN)
    call("PEXPIRE", pair(initiator, guest), TTL + MARGIN)
  end
end

-- Forget the sessions that are over. What ends later than was written here is written anew.
local function tidy(ids, from, to)
  for _, id in ipairs(call("ZRANGE", ids, from, to, "BYSCORE")) do
    local found, ends = session(id)
    if found then
      call("ZADD", ids, ends, id)
    else
      call("ZREM", ids, id)
    end
  end
end

local function has_room(ids, most)
  tidy(ids, "-inf", now)
  tidy(ids, "(" .. now + TTL, "+inf")
  return call("ZCARD", ids) < most
end

local function may_open(initiator)
  return has_room(key("opened", lower(initiator)), MAX_INITIATED)
end

local function may_join(guest)
  return has_room(key("joined", lower(guest)), MAX_JOINED)
end

local function add(found)
  local id, initiator, guest = unpack(found)
  call("HSET", key("session", id), "initiator", initiator)
  call("ZADD", key("opened", lower(initiator)), now + TTL, id)
  if guest then
    call("HSET", key("session", id), "guest", guest)
    call("ZADD", key("joined", lower(guest)), now + TTL, id)
    call("SET", pair(initiator, guest), id)
  end
  renew(found)
  return found
end

local function drop(found)
  local id, initiator, guest = unpack(found)
  call("DEL", key("session", id))
  call("ZREM", key("opened", lower(initiator)), id)
  if guest then
    call("ZREM", key("joined", lower(guest)), id)
    call("DEL", pair(initiator, guest))
  end
  return found
end

-- The end of a name, or of its connection: both say which sessions ended with it

local function free(user)
  local ended = {}
  for _, ids in ipairs({ key("opened", user), key("joined", user) }) do
    for _, id in ipairs(call("ZRANGE", ids, 0, -1)) do
      local found = session(id)
      if found then
        ended[#ended + 1] = drop(found)
      end
    end
    call("DEL", ids)
  end
  call("DEL", key("name", user))
  return ended
end

local function depart(user, held)
  call("ZREM", key("at", held.life), user)
  if not held.key then
    return free(user)
  end
  call("HDEL", key("name", user), "connection", "life")
  keep(key("name", user))
  call("ZADD", LEASES, now + LEASE, user)
  keep(LEASES)
  return {}
end

-- Who was at a place that is over; nil when nobody is, anywhere. A place where nobody is left is forgotten.
local function next_of_the_lost()
  local life = call("ZRANGE", LIVES, "-inf", now, "BYSCORE", "LIMIT", 0, 1)[1]
  while life do
    local user = call("ZPOPMIN", key("at", life))[1]
    if user then
      return user
    end
    call("ZREM", LIVES, life)
    local record = key("place", place_of(life))
    if call("HGET", record, "life") == life then
      call("DEL", record)
    end
    life = call("ZRANGE", LIVES, "-inf", now, "BYSCORE", "LIMIT", 0, 1)[1]
  end
end

-- Leases that would last longer than they can, some at a time.
local function shorten_leases()
  for _, user in ipairs(call("ZRANGE", LEASES, "(" .. now + LEASE, "+inf", "BYSCORE", "LIMIT", 0, STEPS)) do
    call("ZADD", LEASES, now + LEASE, user)
  end
end

local function next_lease()
  local user, over = unpack(call("ZRANGE", LEASES, 0, 0, "WITHSCORES"))
  return user, over and tonumber(over)
end

-- What can be asked. Each answers with one value, or refuses.

local rules = {}

local function may_have(held, connection, owner, again)
  if held.key ~= owner then
    return false
  end
  return held.connection == connection or (owner and not (again and is_on(held.life)))
end

function rules.claim(name, connection, owner, place, again)
  if again then
    lengthen_grace()
  elseif grace() then
    refuse("GRACE")
  end
  local user = lower(name)
  local record, held, replaced = key("name", user), holder(user), false
  if held then
    if not may_have(held, connection, owner, again) then
      return { false, false, held.key }
    end
    if held.connection and held.connection ~= connection and is_on(held.life) then
      replaced = { place_of(held.life), held.connection }
    end
    if held.life then
      call("ZREM", key("at", held.life), user)
    end
    call("ZREM", LEASES, user)
  end
  local life = enter(place)
  call("HSET", record, "name", name, "connection", connection, "life", life)
  if owner then
    call("HSET", record, "key", owner)
  end
  keep(record)
  call("ZADD", key("at", life), now + KEEP / 2, user)
  keep(key("at", life))
  return { true, replaced }
end

function rules.release(name, connection)
  local user = lower(name)
  local held = holder(user)
  if not held or held.connection ~= connection then
    return {}
  end
  return depart(user, held)
end

function rules.end_leases()
  hear()
  shorten_leases()
  local gone, steps = {}, 0
  local function tell(name, ended)
    for _, found in ipairs(ended) do
      gone[#gone + 1] = { name, found }
    end
    steps = steps + 1 + #ended
  end
  while steps < STEPS do
    local user = next_of_the_lost()
    if not user then
      break
    end
    local held = holder(user)
    if held then
      tell(held.name, depart(user, held))
    end
  end
  local user, over = next_lease()
  while steps < STEPS and user and over <= now do
    call("ZREM", LEASES, user)
    tell(spelling(user), free(user))
    user, over = next_lease()
  end
  if steps >= STEPS then
    return { gone, 0 }
  end
  return { gone, user and over - now or false }
end

-- `known` is the memory that whoever beats was last heard in, if it was. In another one the place begins anew and claims its
-- names again; those that it does not claim go with its former life. The first to find that begins the grace.
function rules.beat(place, known)
  local heard = call("GET", key("voice", voice))
  if heard and tonumber(heard) > era then
    refuse("UNHEARD")
  end
  hear()
  local record, id = key("place", place), memory()
  local life, heard_in = unpack(call("HMGET", record, "life", "memory"))
  local is_known = is_on(life) and heard_in == id
  if not is_on(life) or (heard_in and heard_in ~= id) then
    life = begin(place)
  end
  if known and known ~= id then
    call("HSETNX", MEMORY, "grace", now + GRACE)
  end
  call("HSET", record, "memory", id)
  keep(record)
  live(life)
  keep_names(life)
  call("SET", key("voice", voice), era, "PX", KEEP)
  is_heard = true
  return { is_known, id }
end

function rules.where(name)
  return where(name)
end

function rules.connect(id, caller, connection, target)
  check(caller, connection)
  if not where(target) then
    refuse("USER_OFFLINE")
  end
  local found = standing(caller, target)
  if found then
    return found
  end
  if not (may_open(caller) and may_join(target)) then
    refuse("SESSION_CREATE_FAILED")
  end
  return add({ id, spelling(caller), spelling(target) })
end

function rules.create(id, initiator, connection)
  check(initiator, connection)
  if not may_open(initiator) then
    refuse("SESSION_CREATE_FAILED")
  end
  return add({ id, spelling(initiator), false })
end

function rules.join(id, guest, connection)
  check(guest, connection)
  local found = session(id)
  if not found or found[3] or lower(found[2]) == lower(guest) then
    refuse("SESSION_JOIN_FAILED")
  end
  local stands = standing(found[2], guest)
  if not stands and not may_join(guest) then
    refuse("SESSION_JOIN_FAILED")
  end
  drop(found)
  return stands or add({ id, found[2], spelling(guest) })
end

function rules.touch(sender, connection, target, id)
  check(sender, connection)
  id = id or call("GET", pair(sender, target))
  if id then
    local found, ends = session(id)
    if found and found[3] and in_seats(found, sender, target) then
      if ends < now + TTL - SLACK then
        renew(found)
      end
      return where(target)
    end
  end
  refuse("NOT_IN_SESSION")
end

rules["end"] = function(user, connection, id)
  check(user, connection)
  local found = session(id)
  if not found or not in_seats(found, user) then
    refuse("NOT_IN_SESSION")
  end
  return drop(found)
end

function rules.end_with(user, connection, other)
  check(user, connection)
  local found = standing(user, other)
  if not found then
    refuse("NOT_IN_SESSION")
  end
  return drop(found)
end

-- ARGV[1] is { now or nil for Redis's own clock, voice, era, whether that voice was heard before, { { rule, argument, ... },
-- ... } }. Each answer is { false, value }, { why it is refused, detail } or { "FAILED", what Redis said }: one call that
-- Redis refuses leaves the others alone.
--
-- What a voice said in an era that is over, and that was given up, comes too late; what it says in one that was not heard
-- yet, to a Redis that has forgotten it, is not acted upon before its next beat.

local function nothing_is_false(arguments)
  for i = 2, 6 do
    arguments[i] = arguments[i] or false
  end
  return unpack(arguments, 2, 6)
end

local function answer(asked)
  if not is_heard and asked[1] ~= "beat" then
    return { "UNHEARD" }
  end
  local ran, value = pcall(rules[asked[1]], nothing_is_false(asked))
  if ran then
    return { false, value or false }
  end
  local is_table = type(value) == "table"
  return is_table and value.refusal or { "FAILED", is_table and value.err or tostring(value) }
end

local time, was_heard, calls
time, voice, era, was_heard, calls = unpack(cmsgpack.unpack(ARGV[1]), 1, 5)
if time then
  now = time
else
  local clock = call("TIME")
  now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
end
local heard = call("GET", key("voice", voice))
is_heard = (heard and tonumber(heard) == era) or not (heard or was_heard)

local answers = {}
for i, asked in ipairs(calls) do
  answers[i] = answer(asked)
end
return cmsgpack.pack(answers)
