-- What a pipelined connection says first: its settings, and a look at whether the session is its own. Nobody reads what
-- is less than a warning. What a search finds is nearly always in memory: to announce each page to the system before it is
-- read is a twentieth of PostgreSQL's time for it.

-- name: session_begin
SELECT pg_catalog.pg_backend_pid(),
       pg_catalog.set_config('onrecord.session', $1, false),
       pg_catalog.set_config('statement_timeout', $2, false),
       pg_catalog.set_config('lock_timeout', $3, false),
       pg_catalog.set_config('plan_cache_mode', $4, false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '10s', false),
       pg_catalog.set_config('idle_session_timeout', '0', false),
       pg_catalog.set_config('search_path', 'pg_catalog', false),
       pg_catalog.set_config('DateStyle', 'ISO, YMD', false),
       pg_catalog.set_config('IntervalStyle', 'iso_8601', false),
       pg_catalog.set_config('TimeZone', 'UTC', false),
       pg_catalog.set_config('bytea_output', 'hex', false),
       pg_catalog.set_config('extra_float_digits', '1', false),
       pg_catalog.set_config('standard_conforming_strings', 'on', false),
       pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
       pg_catalog.set_config('synchronous_commit', 'on', false),
       pg_catalog.set_config('jit', 'off', false),
       pg_catalog.set_config('max_parallel_workers_per_gather', '0', false),
       pg_catalog.set_config('effective_io_concurrency', '0', false),
       pg_catalog.set_config('client_min_messages', 'warning', false)

-- Whether the client is still there is looked at while a statement runs: who leaves an export closes the connection. Not
-- every system can do that; where it cannot, PostgreSQL notices with the next rows that it sends.
-- name: session_looks
SELECT pg_catalog.set_config('client_connection_check_interval', '250ms', false)

-- Many rows by their keys: a generic plan, made while a table is small, must serve it when it has grown.
-- name: session_by_key
SELECT pg_catalog.set_config('enable_seqscan', 'off', false),
       pg_catalog.set_config('enable_hashjoin', 'off', false),
       pg_catalog.set_config('enable_mergejoin', 'off', false)

-- A write that has met a lock, in its transaction: long enough for whoever works, short enough for those behind it.
-- name: session_waits
SELECT pg_catalog.set_config('lock_timeout', '250ms', true)

-- name: session_check
SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('onrecord.session', true)
