-- ending.lua: how the scripts for wrk number their threads, and what they print at the end: one line of JSON.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "us": %d, "bytes": %d, "refused": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n',
        summary.requests, summary.duration, summary.bytes, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
