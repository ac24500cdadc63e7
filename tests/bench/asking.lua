-- wrk's side of a measurement: `wrk ... URL -- BODIES TOKEN SESSIONS TEXTS`
-- BODIES: a file with one JSON body a line. SESSIONS: "random" or "one". TEXTS: "seen" or "new".
local bodies, sessions, texts, number = {}, "random", "seen", 0
local threads = 0

function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

function init(args)
  math.randomseed(os.time() * 16 + seed)
  for line in io.lines(args[1]) do bodies[#bodies + 1] = line end
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. args[2]
  wrk.headers["Content-Type"] = "application/json"
  sessions, texts = args[3], args[4]
end

local function fresh()
  local function four() return string.format("%04x", math.random(0, 65535)) end
  return four() .. four() .. "-" .. four() .. "-" .. four() .. "-" .. four() .. "-" .. four() .. four() .. four()
end

function request()
  number = number + 1
  local put = {
    SESSION = sessions == "one" and "11111111-1111-1111-1111-111111111111" or fresh(),
    STEP = fresh(),
    TEXT = texts == "new" and fresh() or "0",
  }
  local body = bodies[math.random(#bodies)]:gsub("@(%u+)@", put)
  return wrk.format(nil, nil, nil, body)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p95_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
