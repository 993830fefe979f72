"""Instructions that the server itself needs for a request, as Callgrind counts them: no more than a tenth above what is recorded in
instructions.json. With ONRECORD_RECORD_COSTS=1 that is made anew; a rise wants a reason in the commit that makes it."""

import json
import pathlib
import re
import subprocess
import time

import pytest

FILE = pathlib.Path(__file__).with_name("instructions.json")
MOST = 1.10
WARM = 30
REQUESTS = 100
ATTEMPTS, MANY = 3, 10**12
QUOTE = {"article_id": 1, "speaker_id": 1, "kind": "indirect", "cue": "said"}
ANEW, KEPT = {"ONRECORD_CACHE_MB": "0"}, {}


PLAIN = {"Accept-Encoding": "identity"}


def read(path):
    return lambda api, number: api.get(path, headers=PLAIN)


def create(api, number):
    return api.post("/quotes", json={**QUOTE, "text": f"words {number:05}"}, headers=PLAIN)


def not_modified(api, number):
    return api.get("/quotes/1", headers={"If-None-Match": '"1"', **PLAIN})


# What is asked, of a server how set, and the status that it answers.
CASES = {
    "by id": (read("/quotes/1"), ANEW, 200),
    "by id, two includes": (read("/quotes/1?include=speaker,article"), ANEW, 200),
    "list, two includes": (read("/quotes?speaker_id=1&include=speaker,article"), ANEW, 200),
    "search": (read("/quotes?q=ambassador"), ANEW, 200),
    "suggest": (read("/speakers?q=kab&limit=8"), ANEW, 200),
    "insert": (create, ANEW, 201),
    "kept: by id": (read("/quotes/1"), KEPT, 200),
    "kept: not modified": (not_modified, KEPT, 304),
    "kept: list, two includes": (read("/quotes?speaker_id=1&include=speaker,article"), KEPT, 200),
}


class Counter:
    """Callgrind's counts of one server."""

    def __init__(self, api, folder):
        self.api, self.folder = api, folder

    def control(self, option):
        done = subprocess.run(["callgrind_control", option, str(self.api.server.process.pid)], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "OK" in done.stdout, done.stdout + done.stderr

    def count(self, during):
        """Of the whole server, and for how long."""
        self.control("--zero")
        began = time.monotonic()
        during()
        took = time.monotonic() - began
        self.control("--dump")
        newest = max(self.folder.glob(f"callgrind.out.{self.api.server.process.pid}.*"), key=lambda file: file.stat().st_mtime_ns)
        return int(re.search(r"^(?:summary|totals): (\d+)", newest.read_text(encoding="utf-8"), re.M)[1]), took

    def measure(self, ask, status):
        """Of each request, without what the server does by the clock in the meantime."""

        def requests():
            for number in range(REQUESTS):
                assert ask(self.api, WARM + number).status_code == status

        for number in range(WARM):
            assert ask(self.api, number).status_code == status
        whole, took = self.count(requests)
        idle, waited = self.count(lambda: time.sleep(took))
        return (whole - idle * took / waited) / REQUESTS


@pytest.fixture
def callgrind(counted, tmp_path):
    def make(settings):
        command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={tmp_path}/callgrind.out.%p"]
        return Counter(counted(command, **settings), tmp_path)

    return make


def test_instructions(callgrind, records):
    """What seems to have risen is measured again: on a busy machine the loop turns more often."""
    recorded = {} if records else json.loads(FILE.read_text(encoding="utf-8"))
    counters, measured = {}, {}
    for name, (ask, settings, status) in CASES.items():
        key = json.dumps(settings)
        if key not in counters:
            counters[key] = callgrind(settings)
        for _ in range(ATTEMPTS):
            measured[name] = min(round(counters[key].measure(ask, status)), measured.get(name, MANY))
            if measured[name] <= MOST * recorded.get(name, MANY):
                break
    if records:
        FILE.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
        return
    assert set(recorded) == set(CASES)
    risen = {name: f"{count:,} are more than {recorded[name]:,}" for name, count in measured.items() if count > MOST * recorded[name]}
    assert not risen, risen
