"""Uploads and imports of many records, broken off: what is there is there once, and going on makes it whole."""

import concurrent.futures
import contextlib
import json
import random
import signal
import socket
import subprocess
import time

import load
import pytest
import requests
import service

pytestmark = pytest.mark.own_server
LINES = 12000
NDJSON = {"Content-Type": "application/x-ndjson"}


def start_import(api, file, *options):
    env = {**service.clean_environment(), "DATABASE_URL": api.server.database_url}
    return subprocess.Popen([service.BINARY, "import", str(file), *options], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)  # fmt: skip


def imported(api, pattern="Line %"):
    """How many there are, and how many of those are different."""
    rows = api.psql(f"SELECT count(*), count(DISTINCT name) FROM onrecord.speakers WHERE name LIKE '{pattern}'")
    return tuple(map(int, rows[0]))


@pytest.fixture
def file(tmp_path):
    """Records without any key; now and then one that refers to another of the same thousand, so that lines are settled out of
    their order."""
    path = tmp_path / "lines.ndjson"
    with open(path, "w", encoding="utf-8") as out:
        for i in range(LINES):
            line = {"name": f"Line {i}"}
            if i % 100 == 50:
                line["part_of_id"] = {"name": f"Line {i - 20}"}
            out.write(json.dumps(line) + "\n")
    return path


def test_an_import_killed_again_and_again(stage, file):
    api = stage()
    for _ in range(60):
        process = start_import(api, file, "--resource", "speakers")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0.2, 1.5))
        process.kill()
        out, err = process.communicate()
        assert not service.SANITIZER.search(err), err
        if process.returncode == 0:
            break
        count, different = imported(api)
        assert count == different
    done = service.command("import", str(file), "--resource", "speakers", url=api.server.database_url)
    assert imported(api) == (LINES, LINES), done.stdout
    assert api.psql("SELECT count(*) FROM onrecord.speakers WHERE part_of_id IS NOT NULL AND name LIKE 'Line %'") == [[str(LINES // 100)]]


def test_postgresql_killed_during_an_import(stage, cluster, file):
    """It waits, finds out what became of what was under way, and goes on by itself."""
    api = stage()
    process = start_import(api, file, "--resource", "speakers")
    for _ in range(2):
        before = imported(api)[0]
        with contextlib.suppress(AssertionError):
            service.until(lambda: imported(api)[0] > before + 500 or process.poll() is not None, 20, "lines")
        cluster.kill()
        time.sleep(0.3)
        load.revive(cluster)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert imported(api) == (LINES, LINES)


def test_an_import_told_to_end(stage, file):
    api = stage()
    process = start_import(api, file, "--resource", "speakers")
    service.until(lambda: imported(api)[0] > 0 or process.poll() is not None, 20, "lines")
    process.send_signal(signal.SIGTERM)
    process.communicate()
    service.command("import", str(file), "--resource", "speakers", url=api.server.database_url)
    assert imported(api) == (LINES, LINES)


def body():
    return "".join(json.dumps({"name": f"Line {i}", "external_id": f"l{i}"}) + "\n" for i in range(LINES)).encode()


def upload(api, query="", data=None, **headers):
    return requests.post(f"{api.base}/speakers{query}", data=data or body(), timeout=120,
                         headers={**NDJSON, "Authorization": f"Bearer {api.keys.write}", **headers})  # fmt: skip


def whole(api):
    """Sending the same once more, passing over what is there, makes it whole."""
    report = upload(api, "?on_conflict=skip").json()
    assert (report["lines"], report["failed"], report["created"] + report["skipped"]) == (LINES, 0, LINES)
    assert imported(api) == (LINES, LINES)
    return report


def in_the_background(api):
    """An upload that goes on while the test does something; its answer, or None where there is none."""

    def run():
        with contextlib.suppress(requests.RequestException):
            return upload(api)

    return concurrent.futures.ThreadPoolExecutor(1).submit(run)


def test_the_server_killed_during_an_upload(stage):
    api = stage()
    answer = in_the_background(api)
    service.until(lambda: imported(api)[0] > 0, 20, "lines")
    api.server.kill()
    assert answer.result() is None
    count, different = imported(api)
    assert count == different and count % 1000 == 0
    api.server.start()
    load.back(api)
    assert whole(api)["skipped"] == count


def test_postgresql_killed_during_an_upload(stage, cluster):
    api = stage()
    answer = in_the_background(api)
    service.until(lambda: imported(api)[0] > 0, 20, "lines")
    cluster.kill()
    got = answer.result()
    load.revive(cluster)
    load.back(api)
    if got is not None and got.status_code == 503:
        told = got.json()["report"]
        count = imported(api)[0]
        unknown = got.json()["type"].endswith("outcome-unknown")
        assert count == told["created"] or (unknown and count == told["created"] + 1000), (count, told)
    whole(api)


def test_sigterm_during_an_upload(stage):
    """What was sent is settled by whole thousands; the client is told, or sees that it is cut."""
    api = stage()
    host, port = api.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall((f"POST /speakers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\n"
                            f"Content-Type: application/x-ndjson\r\nContent-Length: 1000000000\r\n\r\n").encode())  # fmt: skip
        connection.sendall(body()[:200000])
        service.until(lambda: imported(api)[0] > 0, 20, "lines")
        api.server.process.send_signal(signal.SIGTERM)
        assert connection.recv(65536)[:13] in (b"", b"HTTP/1.1 408 ")
    assert api.server.process.wait(20) == 0
    count, different = imported(api)
    assert count == different and count % 1000 == 0
    api.server.start()
    load.back(api)
    whole(api)


@pytest.mark.parametrize("who", ["server", "postgresql"])
def test_killed_again_and_again_an_upload_with_a_key_goes_on(stage, cluster, file, who):
    """Records without any key of their own: only the Idempotency-Key keeps them from coming in twice."""
    api = stage()
    data = file.read_bytes()
    for _ in range(40):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(upload, api, data=data, **{"Idempotency-Key": "k"})
            time.sleep(random.uniform(0.1, 1.0))
            if not answer.done():
                api.server.kill() if who == "server" else cluster.kill()
            got = None
            with contextlib.suppress(requests.RequestException):
                got = answer.result()
        if who == "server" and api.server.process.poll() is not None:
            api.server.start()
        load.revive(cluster)
        load.back(api)
        if got is not None and got.status_code == 200:
            break  # it may have come while it was about to be killed
        count, different = imported(api)
        assert count == different
    done = upload(api, data=data, **{"Idempotency-Key": "k"})
    report = done.json()
    assert (done.status_code, report["lines"], report["created"], report["failed"]) == (200, LINES, LINES, 0), report
    assert imported(api) == (LINES, LINES)
    assert api.psql("SELECT count(*) FROM onrecord.speakers WHERE part_of_id IS NOT NULL AND name LIKE 'Line %'") == [[str(LINES // 100)]]


def test_others_take_what_lines_are_about_to(stage):
    """Two uploads of the same lines at once: each line is made by one of them."""
    api = stage()
    other = in_the_background(api)
    mine = upload(api)
    reports = [mine.json(), other.result().json()]
    assert [report["lines"] for report in reports] == [LINES, LINES]
    assert sum(report["created"] for report in reports) == LINES
    assert sum(report["failed"] for report in reports) == LINES
    assert imported(api) == (LINES, LINES)
