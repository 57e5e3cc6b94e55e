-- One request after another on each connection. Arguments: what to send, the name of this run, how many documents there
-- are. Prints one line of JSON in the end.
local counter, kind, run, documents = 0, '', '', 1

function init(args)
  kind, run, documents = args[1], args[2], tonumber(args[3])
  math.randomseed(os.time())
end

local function head(method, path, more)
  return method .. ' ' .. path .. ' HTTP/1.1\r\nHost: ' .. wrk.host .. '\r\n' .. (more or '') .. '\r\n'
end

local function create()
  local body = '{"first_name":"Ada","last_name":"Lovelace","email":"' .. run .. '-' .. counter .. '@bench.example"}'
  return head('POST', '/users', 'Content-Type: application/json\r\nContent-Length: ' .. #body .. '\r\n') .. body
end

-- As `documentId` in documents.ts has it.
local function path()
  return '/users/' .. string.format('018f0000-0000-7000-8000-%012x', math.random(0, documents - 1))
end

function request()
  counter = counter + 1
  if kind == 'create' then return create() end
  if kind == 'unchanged' then return head('GET', path(), 'If-None-Match: "1"\r\n') end
  return head('GET', path())
end

local percents = { '1', '10', '25', '50', '75', '90', '95', '99', '99.5', '99.9', '100' }

function done(summary, latency, requests)
  local tail = {}
  for _, percent in ipairs(percents) do
    -- It knows no 100th percentile.
    local us = percent == '100' and latency.max or latency:percentile(tonumber(percent))
    table.insert(tail, string.format('"%s":%.3f', percent, us / 1000))
  end
  local e = summary.errors
  print(string.format('{"requests":%d,"elapsedMs":%.3f,"bytes":%d,"failed":%d,"broken":%d,"latencyMs":{%s}}',
    summary.requests, summary.duration / 1000, summary.bytes, e.status, e.connect + e.read + e.write + e.timeout,
    table.concat(tail, ',')))
end
