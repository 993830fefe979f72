-- get.lua: for wrk: GETs of one path with a random number in it.
-- wrk -s get.lua URL -- PATH MAX [TAG]   PATH has a %d, which becomes a number from 1 to MAX; TAG is for If-None-Match.

require "ending"

function init(arguments)
    path = arguments[1]
    max = tonumber(arguments[2])
    headers = arguments[3] and { ["If-None-Match"] = arguments[3] } or nil
    math.randomseed(os.time() * 100 + number)
end

function request()
    return wrk.format("GET", string.format(path, math.random(max)), headers)
end
