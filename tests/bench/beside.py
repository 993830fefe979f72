"""What others get while somebody asks for much: reads by id beside exports and heavy searches, creates beside a flood of bad ones."""

import contextlib
import os
import statistics
import subprocess
import threading
import time
from pathlib import Path

from load import HERE, wrk, wrk_command
from service import Trouble, environment

EXPORTS, SEARCHES = 8, 8
READERS = 8  # connections that read by id
READ_ROUNDS = 5  # at least: wrk counts one pause among its requests as often as it would have asked meanwhile
WRITERS, BAD_WRITERS = 64, 16
SLOWER_MAX, LEFT_MIN = 3, 0.67


@contextlib.contextmanager
def threads(targets):
    """Each runs until `over`, which it is given, is set; what fails in one of them fails here."""
    over, troubles = threading.Event(), []

    def run(target):
        try:
            target(over)
        except Trouble as trouble:
            troubles.append(trouble)

    running = [threading.Thread(target=run, args=(target,)) for target in targets]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join()
    if troubles:
        raise troubles[0]


def export(service, over):
    """One export after another; the last is broken off."""
    while not over.is_set():
        command = ["curl", "-sf", "-o", "/dev/null", service.url + "/quotes?format=ndjson"]
        with subprocess.Popen(command, env=environment(), start_new_session=True) as curl:
            while curl.poll() is None and not over.wait(0.05):
                pass
            if curl.poll() is None:
                curl.kill()
            elif curl.returncode != 0:
                raise Trouble(f"an export beside others ended with curl's {curl.returncode}")


def keep_asking(service, script, arguments, connections):
    """A target for `threads`: wrk, whatever it is answered."""
    command = wrk_command(service, script, arguments, 3600, connections)

    def target(over):
        with subprocess.Popen(command, cwd=HERE, env=environment(BENCH_KEY=service.key), stdout=subprocess.DEVNULL,
                              start_new_session=True) as asking:  # fmt: skip
            while not over.wait(0.05):
                if asking.poll() is not None:
                    raise Trouble(f"wrk beside others ended with {asking.returncode}")
            asking.kill()

    return target


@contextlib.contextmanager
def idlers():
    """On each processor a loop that does nothing, of the lowest priority: what it costs that there is anything else to run."""

    def give_way():
        os.nice(19)
        while True:
            try:
                Path("/proc/self/autogroup").write_text("19", encoding="ascii")
            except BlockingIOError:  # who is not root may say so once in 100 ms
                time.sleep(0.02)
                continue
            except OSError:
                pass  # there are no such groups
            return

    loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"], preexec_fn=give_way, start_new_session=True)
             for _ in os.sched_getaffinity(0)]  # fmt: skip
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def reads_beside(service, case, common, rounds, seconds):
    """The 99th percentile of reads by id, in ms: without others, beside idlers, and beside exports and searches that are heavy."""
    alone, idle, beside = [], [], []
    service.stop()
    service.start(ONRECORD_EXPORTS_MAX=str(EXPORTS))

    def ask():
        return wrk(service, case.script, case.arguments, seconds, connections=READERS).p99_ms

    ask()
    for _ in range(max(rounds, READ_ROUNDS)):
        alone.append(ask())
        with idlers():
            idle.append(ask())
        exports = [lambda over: export(service, over)] * EXPORTS
        with threads([keep_asking(service, common.script, common.arguments, SEARCHES), *exports]):
            beside.append(ask())
    service.stop()
    service.start()
    return statistics.median(alone), statistics.median(idle), statistics.median(beside)


def writes_beside(service, case, rounds, seconds):
    """Creates a second, of those that are good: without others, and beside a flood of others that refer to nobody."""
    alone, beside = [], []
    articles, speakers, *texts = case.arguments

    def ask():
        return wrk(service, case.script, case.arguments, seconds, connections=WRITERS).rate

    ask()
    for _ in range(rounds):
        alone.append(ask())
        with threads([keep_asking(service, "post.lua", [articles, -speakers, *texts], BAD_WRITERS)]):
            beside.append(ask())
    return statistics.median(alone), statistics.median(beside)
