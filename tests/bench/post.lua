-- post.lua: for wrk: POSTs of quotes, with the API key in BENCH_KEY.
-- wrk -s post.lua URL -- ARTICLES SPEAKERS TEXT...     numbers of each, and texts (as JSON) that every article holds;
--                                                      with -SPEAKERS none of the speakers is there.

require "ending"

function init(arguments)
    articles = tonumber(arguments[1])
    speakers = math.abs(tonumber(arguments[2]))
    nobody = tonumber(arguments[2]) < 0 and 1000000000 or 0
    texts = {}
    for i = 3, #arguments do
        texts[#texts + 1] = arguments[i]
    end
    wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
    wrk.headers["Content-Type"] = "application/json"
    math.randomseed(os.time() * 100 + number)
end

function request()
    local body = string.format('{"article_id": %d, "speaker_id": %d, "kind": "direct", "cue": "said", "text": %s}',
        math.random(articles), nobody + math.random(speakers), texts[math.random(#texts)])
    return wrk.format("POST", "/quotes", nil, body)
end
