"""What measures: wrk on the server, pgbench on the same SQL, and what they cost."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from service import Trouble, environment, postgres_program

HERE = Path(__file__).resolve().parent
CONNECTIONS = 64
THREADS = 2
CLIENTS = (1, 2, 4, 8, 16)
# A session of pgbench is set as the server's are (server/sql/session.sql).
SESSION = ("search_path=pg_catalog", "timezone=UTC", "extra_float_digits=1", "jit=off",
           "max_parallel_workers_per_gather=0", "effective_io_concurrency=0", "client_min_messages=warning")  # fmt: skip


@dataclass
class Sample:
    rate: float  # requests or transactions a second
    server_us: float = 0  # CPU time of each, of the server
    postgres_us: float = 0  # and of PostgreSQL
    p50_ms: float = 0
    p99_ms: float = 0


class Costs:
    """CPU time of the server and of PostgreSQL between two moments."""

    def __init__(self, service):
        self.service = service
        self.server, self.postgres = service.server_cpu_us(), service.postgres_cpu_us()

    def per(self, count):
        return {"server_us": (self.service.server_cpu_us() - self.server) / count,
                "postgres_us": (self.service.postgres_cpu_us() - self.postgres) / count}  # fmt: skip


def run(command, **env):
    """A client, in a session of its own as somebody else's is: processors are shared among sessions first."""
    done = subprocess.run(command, cwd=HERE, env=environment(**env), capture_output=True, text=True, check=False,
                          start_new_session=True)  # fmt: skip
    if done.returncode != 0:
        raise Trouble(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout


def wrk_command(service, script, arguments, seconds, connections):
    return ["wrk", f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script,
            service.url, "--", *map(str, arguments)]  # fmt: skip


def wrk(service, script, arguments, seconds, warms_up=False, connections=CONNECTIONS):
    costs = Costs(service)
    out = run(wrk_command(service, script, arguments, seconds, connections), BENCH_KEY=service.key)
    told = json.loads(out.rstrip().split("\n")[-1])
    if (told["requests"] == 0 or told["refused"] or told["broken"]) and not warms_up:
        raise Trouble(f"requests failed: {told}")
    return Sample(told["requests"] / told["us"] * 1e6, p50_ms=told["p50_us"] / 1000, p99_ms=told["p99_us"] / 1000,
                  **costs.per(max(told["requests"], 1)))  # fmt: skip


def pgbench(service, script, variables, clients, plans, seconds):
    costs = Costs(service)
    options = " ".join(f"-c {setting}" for setting in (*SESSION, f"plan_cache_mode={plans}"))
    out = run([postgres_program("pgbench"), "-n", "-M", "prepared", f"-c{clients}", f"-j{min(clients, os.cpu_count())}",
               f"-T{seconds}", "-f", script, *(f"-D{name}={value}" for name, value in variables.items()),
               *service.connection()], PGOPTIONS=options)  # fmt: skip
    rate = float(re.search(r"tps = ([\d.]+)", out)[1])
    count = int(re.search(r"transactions actually processed: (\d+)", out)[1])
    failed = int(re.search(r"failed transactions: (\d+)", out)[1])
    if failed or count == 0:
        raise Trouble(f"pgbench: {out}")
    latency = float(re.search(r"latency average = ([\d.]+)", out)[1])
    return Sample(rate, postgres_us=costs.per(count)["postgres_us"], p50_ms=latency)


def pgbench_script(statements, random):
    """The server's statements as a script of pgbench, and the variables that it needs.

    `random` says which parameters differ from call to call: {value in the probe: (name, max)}. The others stay
    parameters too, with the probe's value; nulls cannot be given to pgbench, and stand in the text."""
    used, constants, lines = {}, {}, []
    for sql, values in statements:

        def parameter(match, values=values):
            value = values[int(match[1]) - 1]
            if value is None:
                return "NULL"
            if value in random:
                name, most = random[value]
                used[name] = most
                return f":{name}"
            return ":" + constants.setdefault(value, f"constant{len(constants) + 1}")

        lines.append(re.sub(r"\$(\d+)\b", parameter, " ".join(sql.split())) + ";")
    missing = {name for name, _ in random.values()} - set(used)
    if missing:
        raise Trouble(f"the server's statements have no parameter for {missing}: {statements}")
    sets = [f"\\set {name} random(1, {most})" for name, most in used.items()]
    return "\n".join(sets + lines) + "\n", {name: value for value, name in constants.items()}
