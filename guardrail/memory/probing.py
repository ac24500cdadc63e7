"""Who that is not signed in asked an agent about itself: by client, by network, and in the same words from several.

Keys: `gr:pc:<hash>` for an agent with one client or one network, 8 hours, 72 bytes: how many conversations, how many
of them probing, each kind of question, all halved each hour; and the last number asked for with how often its
neighbour followed. `gr:pq:<agent>`, 30 days, at most 500 questions: when each was first asked and by which three
clients first. The conversation keeps the kinds asked in it.
"""

import struct
from collections.abc import Mapping
from typing import Any

from guardrail.memory.shelf import NOTHING, Ask, Asking, Shelf, session_key
from guardrail.probing import NOBODY, Asked, Probing
from guardrail.traces import hashed

SECONDS = 30 * 24 * 3600
_HOLDER_SECONDS = 8 * 3600
_MOST_QUESTIONS = 500
# An order that stays: the numbers of a client stand by it.
LETTERS = "stafcilner"
_HOLDER = struct.Struct(">dff10fIII")
# A kind that was asked two half-lives ago still counts.
_ACTIVE = 0.25
# keys: session, questions of the agent, then client and network where they are known; args: letters of this turn,
# fingerprint of its question, client, series and number asked for, seconds of a holder and of the questions, the most.
_LOOK = f"""
local LETTERS, FORM = '{LETTERS}', '>dff' .. string.rep('f', 10) .. 'I4I4I4'
local asked, question, who, series, number = args[1], args[2], args[3], tonumber(args[4], 16) or 0, tonumber(args[5])
local known = redis.call('HMGET', keys[1], 'asked', 'hot')
local before, first_turn = known[1] or '', not known[1]
"""
_LOOK += """
local function is_in(letter, text) return string.find(text, letter, 1, true) ~= nil end
local ran = false
-- a client or network: answers its numbers as they were, and counts this turn
local function hold(key)
    local raw = redis.call('GET', key)
    local held
    if raw then held = {struct.unpack(FORM, raw)} else
        held = {now, 0, 0}
        for i = 4, 16 do held[i] = 0 end
    end
    local fade = 0.5 ^ (math.max(0, now - held[1]) / 3600000)
    for i = 2, 13 do held[i] = held[i] * fade end
    held[1] = math.max(now, held[1])
    local answer = struct.pack(FORM, unpack(held, 1, 16))
    if again then return answer end
    -- whoever asks for one number after the other goes through all of them
    if series > 0 then
        local step = number - held[15]
        if held[14] == series and (step == 1 or step == -1) then held[16] = math.min(1000, held[16] + 1)
        elseif held[14] ~= series or step ~= 0 then held[16] = 0 end
        held[14], held[15] = series, number
        if held[16] >= 4 and not is_in('n', asked) then ran = true end
    end
    local now_asked = ran and (asked .. 'n') or asked
    if first_turn then held[2] = held[2] + 1 end
    local probing = false
    for i = 1, #LETTERS do
        local letter = string.sub(LETTERS, i, i)
        if is_in(letter, now_asked) and not is_in(letter, before) then held[3 + i] = held[3 + i] + 1 end
        if letter ~= 'r' then probing = probing or is_in(letter, now_asked) end
    end
    local had = string.gsub(before, 'r', '') ~= ''
    if probing and not had then held[3] = held[3] + 1 end
    redis.call('SET', key, struct.pack(FORM, unpack(held, 1, 16)), 'EX', args[6])
    return answer
end
local client = keys[3] and hold(keys[3]) or ''
local network = keys[4] and hold(keys[4]) or ''
if ran then asked = asked .. 'n' end
local here = before
for i = 1, #asked do
    local letter = string.sub(asked, i, i)
    if not is_in(letter, here) then here = here .. letter end
end
-- the same new question in the same words from several clients
local hot_here = known[2] == '1'
if question ~= '' and who ~= '' then
    if not redis.call('HGET', keys[2], 'since') then
        redis.call('HSET', keys[2], 'since', string.format('%.0f', now))
    end
    local row = redis.call('HGET', keys[2], question)
    if not row and not again then
        if redis.call('HLEN', keys[2]) > tonumber(args[8]) then
            local old = redis.call('HRANDFIELD', keys[2])
            if old ~= 'since' and old ~= 'hot' then redis.call('HDEL', keys[2], old) end
        end
        row = string.format('%.0f', now) .. ':' .. who
        redis.call('HSET', keys[2], question, row)
    elseif row then
        local first, clients = string.match(row, '^(%d+):(.*)$')
        local recent = now - tonumber(first) < 86400000
        local young = tonumber(first) - tonumber(redis.call('HGET', keys[2], 'since')) >= 259200000
        if recent and not again and #clients < 26 and not string.find(clients, who, 1, true) then
            clients = clients .. ',' .. who
            redis.call('HSET', keys[2], question, first .. ':' .. clients)
            if young and #clients == 26 then
                local at, count = string.match(redis.call('HGET', keys[2], 'hot') or '0:0', '^(%d+):(%d+)$')
                if now - tonumber(at) > 86400000 then count = 0 end
                redis.call('HSET', keys[2], 'hot', string.format('%.0f', now) .. ':' .. (tonumber(count) + 1))
            end
        end
        if recent and young and #clients >= 26 then hot_here = true end
    end
    redis.call('EXPIRE', keys[2], args[7])
end
if not again and (first_turn or here ~= before or (hot_here and known[2] ~= '1')) then
    redis.call('HSET', keys[1], 'asked', here, 'hot', hot_here and 1 or 0)
end
local campaign = 0
if hot_here then
    local at, count = string.match(redis.call('HGET', keys[2], 'hot') or '0:0', '^(%d+):(%d+)$')
    if now - tonumber(at) <= 86400000 then campaign = tonumber(count) end
end
return {client, network, here, campaign, hot_here and 1 or 0}
"""


def _asks(asking: Asking) -> Ask:
    traces = asking.traces
    if not traces.public:
        return NOTHING
    holders = [f"gr:pc:{hashed(traces.agent, who)}" for who in (traces.client, traces.network) if who]
    # a network without its client cannot be: one key more is always the client's
    bounds = (_HOLDER_SECONDS, SECONDS, _MOST_QUESTIONS)
    asked = (traces.questions, traces.question, traces.client[:8], traces.series or "0", traces.number)
    return [session_key(traces), f"gr:pq:{traces.agent}", *holders], [*asked, *bounds]


def _read(answer: Any, _: Asking) -> Mapping[str, Any]:
    client, network, here, campaign, campaign_here = answer
    return {
        "probing": Probing(
            client=_asked(client),
            network=_asked(network),
            here=here.decode("ascii", "replace"),
            campaign=campaign,
            campaign_here=bool(campaign_here),
        )
    }


def _asked(raw: bytes) -> Asked:
    if not raw:
        return NOBODY
    _, conversations, probing, *kinds = _HOLDER.unpack(raw)[:13]
    active = "".join(letter for letter, count in zip(LETTERS, kinds, strict=True) if count >= _ACTIVE)
    return Asked(kinds=active, probing=probing, conversations=conversations)


SHELF = Shelf(name="probing", seconds=SECONDS, look=_LOOK, asks=_asks, read=_read)
