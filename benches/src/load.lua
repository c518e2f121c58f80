
local requests, at = {}, 0

function init(args)
  for token in io.lines(tokens) do
    local fields = {}
    for name, value in pairs(headers) do
      fields[name] = value:gsub("TOKEN", token)
    end
    local text = body:gsub("TOKEN", token)
    requests[#requests + 1] = wrk.format(method, path, fields, text ~= "" and text or nil)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

-- wrk counts answers of 400 and more; to look at each here would cost more than to send it.
function done(summary, latency)
  local wrong = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  if expected < 400 then
    wrong = wrong + summary.errors.status
  else
    wrong = wrong + summary.requests - summary.errors.status
  end
  print(string.format("result %d %d %d %d", summary.requests, summary.duration, latency:percentile(99), wrong))
end
