-- words.lua: for wrk: GETs of one path with a random word in it.
-- wrk -s words.lua URL -- PATH WORD...     PATH has a %s, which becomes one of the words.

require "ending"

function init(arguments)
    path = arguments[1]
    words = {}
    for i = 2, #arguments do
        words[#words + 1] = arguments[i]
    end
    math.randomseed(os.time() * 100 + number)
end

function request()
    return wrk.format("GET", string.format(path, words[math.random(#words)]))
end
