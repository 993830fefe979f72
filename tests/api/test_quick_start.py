"""`onrecord serve` with no database named: its own PostgreSQL, the first API key, and what it prints. And the command line."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time

import pytest
import requests

import service

pytestmark = pytest.mark.own_server


class QuickStart:
    """`onrecord serve` on a data folder of its own."""

    def __init__(self):
        # Not pytest's own folder: PostgreSQL, another user when we are root, must get through.
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="onrecord-quick-"))
        self.top.chmod(0o755)
        self.folder = self.top / "data"
        self.env = {"ONRECORD_DATA_DIR": str(self.folder), "ONRECORD_LISTEN": f"127.0.0.1:{service.free_port()}"}
        self.base = "http://" + self.env["ONRECORD_LISTEN"]
        self.process = None

    def start(self):
        self.process = subprocess.Popen([str(service.BINARY), "serve"], text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=open(self.top / "log", "ab"),
                                        env={**service.clean_environment(), **self.env}, start_new_session=True)  # fmt: skip
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                return "".join(lines)
        raise AssertionError(f"the server ended with {self.process.wait()}:\n{self.log()}")

    def log(self):
        return (self.top / "log").read_text(encoding="utf-8", errors="replace")

    def stop(self, how=signal.SIGTERM):
        """To the whole process group, as a terminal does it."""
        os.killpg(self.process.pid, how)
        status = self.process.wait(40)
        self.process.stdout.close()
        assert not service.SANITIZER.search(self.log()), self.log()
        return status

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            if self.process and self.process.poll() is None:
                self.stop()
        shutil.rmtree(self.top, ignore_errors=True)

    def command(self, *arguments, check=True):
        return service.command(*arguments, env=self.env, check=check)

    def key(self):
        return (self.folder / "api-key").read_text().strip()

    def write(self, key, name):
        return requests.post(f"{self.base}/speakers", json={"name": name}, timeout=10,
                             headers={"Authorization": f"Bearer {key}"}).status_code  # fmt: skip

    def found(self, name):
        answer = requests.get(f"{self.base}/speakers", params={"name": name}, timeout=10)
        return answer.status_code == 200 and [speaker["name"] for speaker in answer.json()["items"]] == [name]

    def postmaster(self):
        return int((self.folder / "postgres/postmaster.pid").read_text().split("\n")[0])


@pytest.fixture(scope="module")
def running():
    quick = QuickStart()
    quick.printed = quick.start()
    yield quick
    quick.end()


@pytest.fixture
def fresh():
    quick = QuickStart()
    quick.start()
    yield quick
    quick.end()


def runs(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    return False


def priorities(postmaster):
    """Of PostgreSQL's processes: {pid: (nice, nice of its session's group, where there are such groups)}."""
    found = {}
    for pid in pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
        with contextlib.suppress(OSError):
            group = pathlib.Path(f"/proc/{pid}/autogroup")
            told = int(group.read_text().split()[-1]) if group.exists() else None
            found[pid] = int(pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[16]), told
    return found


def test_its_postgresql_compresses_what_it_logs_by_the_method_that_takes_little(running):
    """As Debian's has it."""
    settings = (running.folder / "postgres/postgresql.conf").read_text(encoding="utf-8")
    assert "\nwal_compression = lz4\ndefault_toast_compression = lz4\n" in settings


def test_its_postgresql_keeps_in_memory_what_an_eighth_of_it_holds(running):
    """Of what the machine has, or less where a control group allows less; within bounds."""
    settings = (running.folder / "postgres/postgresql.conf").read_text(encoding="utf-8")
    megabytes = int(re.findall(r"^shared_buffers = (\d+)MB$", settings, re.M)[-1])
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(pathlib.Path(path).read_text()))
    most = max(128, min(memory // 2**20 // 8, 2048))
    assert 128 <= megabytes <= most
    assert megabytes == most or "0::/\n" not in pathlib.Path("/proc/self/cgroup").read_text()  # a group further down has less


def test_exports_give_way_to_what_is_quick(running):
    """To the processor goes first who answers in no time. The system may want to be told twice: see base/priority.h."""
    groups = pathlib.Path("/proc/self/autogroup").exists()
    wanted = (19, 19 if groups else None)

    def gives_way():
        assert requests.get(f"{running.base}/quotes?format=ndjson", timeout=10).status_code == 200
        return wanted in priorities(running.postmaster()).values()

    service.until(gives_way, what="a process that gives way")
    assert all(requests.get(f"{running.base}/quotes/1", timeout=10).status_code == 200 for _ in range(4))
    others = [found for found in priorities(running.postmaster()).values() if found != wanted]
    assert others and set(others) == {(0, 0 if groups else None)}


def test_the_curl_lines_work_as_printed(running):
    assert running.base in running.printed
    lines = re.findall(r"(?m)^  curl (?:.*\\\n)*.*$", running.printed)
    assert len(lines) == 2
    read, wrote = (json.loads(subprocess.run(["bash", "-c", line + " -sS"], capture_output=True, check=True).stdout)
                   for line in lines)  # fmt: skip
    assert read["items"][0]["speaker"]["name"]
    assert wrote["name"] == "Ada Lovelace" and wrote["version"] == 1


def test_the_first_key_is_the_owners_alone(running):
    status = (running.folder / "api-key").stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_uid == os.getuid()
    (first,) = [key for key in json.loads(running.command("key", "list", "--json").stdout) if key["name"] == "first"]
    assert first["scope"] == "admin" and first["expires_at"] is None


def test_no_tcp_but_our_own(running):
    settings = (running.folder / "postgres/postmaster.pid").read_text().split("\n")
    assert settings[5] == "", "PostgreSQL listens on an address"


def test_a_second_server_on_the_folder_is_refused(running):
    done = running.command("serve", check=False)
    assert done.returncode == 1
    assert f"Another server, process {running.process.pid}, uses the data folder {running.folder}." in done.stderr
    assert "ONRECORD_DATA_DIR" in done.stderr


def test_a_port_that_is_taken(running):
    other = QuickStart()
    try:
        other.env["ONRECORD_LISTEN"] = running.env["ONRECORD_LISTEN"]
        done = other.command("serve", check=False)
        assert done.returncode == 1
        assert running.env["ONRECORD_LISTEN"] in done.stderr and "in use" in done.stderr
    finally:
        other.end()


def test_keys_beside_the_running_server(running):
    key = running.command("key", "create", "press", "--scope", "write").stdout.strip()
    service.until(lambda: running.write(key, "One") == 201, 3, "the new key's first use")
    running.command("key", "revoke", "press")
    service.until(lambda: running.write(key, "Two") == 401, 3, "the revocation's effect")


def test_migrate_beside_the_running_server(running):
    assert running.command("migrate").stdout == "The schema is up to date; nothing to do.\n"


def test_health(running):
    assert running.command("health").stdout == ""
    done = service.command("health", env={"ONRECORD_LISTEN": f"127.0.0.1:{service.free_port()}"}, check=False)
    assert done.returncode == 1 and "no answer" in done.stderr


def test_started_again_all_is_still_there(fresh):
    key = fresh.key()
    assert fresh.write(key, "Kept") == 201
    assert fresh.stop(signal.SIGINT) == 0
    assert not (fresh.folder / "postgres/postmaster.pid").exists()
    fresh.start()
    assert fresh.key() == key
    assert fresh.write(key, "More") == 201
    assert fresh.found("Kept")


def test_ctrl_c_stops_the_server_and_then_postgresql(fresh):
    postmaster = fresh.postmaster()
    assert fresh.stop(signal.SIGINT) == 0
    assert not runs(postmaster)
    assert "database system was not properly shut down" not in (fresh.folder / "postgres.log").read_text(errors="replace")


def test_postgresql_killed_comes_back(fresh):
    key = fresh.key()
    assert fresh.write(key, "Before") == 201
    postmaster = fresh.postmaster()
    os.kill(postmaster, signal.SIGKILL)
    service.until(lambda: not runs(postmaster), 5, "the end of PostgreSQL")
    service.until(lambda: fresh.write(key, "After") == 201, 30, "PostgreSQL's return")
    service.until(lambda: fresh.found("Before"), 5, "the first reading after it")


def test_the_server_killed_takes_postgresql_along(fresh):
    key = fresh.key()
    assert fresh.write(key, "Before") == 201
    postmaster = fresh.postmaster()
    fresh.process.kill()
    fresh.process.wait()
    service.until(lambda: not runs(postmaster), 20, "the end of PostgreSQL")
    fresh.start()
    assert fresh.found("Before")


def test_a_lost_key_file_is_made_anew_and_its_key_ends(fresh):
    lost = fresh.key()
    assert fresh.stop() == 0
    (fresh.folder / "api-key").unlink()
    fresh.start()
    assert fresh.key() != lost
    assert fresh.write(fresh.key(), "New") == 201
    assert fresh.write(lost, "Old") == 401


def test_a_revoked_first_key_stays_revoked(fresh):
    fresh.command("key", "revoke", "first")
    assert fresh.stop() == 0
    fresh.start()
    time.sleep(0.5)
    assert fresh.write(fresh.key(), "Too late") == 401


def test_keys_need_a_server():
    quick = QuickStart()
    try:
        done = quick.command("key", "list", check=False)
        assert done.returncode == 1
        assert f"no server runs on the data folder {quick.folder}" in done.stderr
        assert "`onrecord serve`" in done.stderr and "DATABASE_URL" in done.stderr
        assert not quick.folder.exists()
    finally:
        quick.end()


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (["srve"], 2, "Did you mean `onrecord serve`?"),
        (["serve", "--listn", "x"], 2, "There is no option --listn. Did you mean --listen?"),
        (["serve", "--workers", "many"], 2, "Allowed: a whole number from 1 to 64."),
        (["serve", "--admin-key", "x"], 2, "a secret on the command line could be read by every user"),
        (["key"], 2, "say what to do"),
        (["key", "create"], 2, "takes the NAME of a key"),
        (["key", "create", "a", "--scope", "all"], 2, "--scope must be read, write or admin."),
        (["key", "create", "a", "--scope", "read", "--expires", "soon"], 2, "--expires must be a time such as 90d"),
        (["key", "rotate", "a", "--grace"], 2, "--grace needs a value."),
        (["describe", "all"], 2, "takes --settings or nothing"),
    ],
)
def test_misuse_names_what_to_do(arguments, status, said):
    done = service.command(*arguments, check=False)
    assert done.returncode == status
    assert said in done.stderr and done.stdout == ""


@pytest.mark.parametrize("command", ["serve", "migrate", "key", "health", "describe"])
def test_every_command_has_help(command):
    assert service.command(command, "--help").stdout.startswith(f"Usage: onrecord {command}")
    assert f"  {command}" in service.command("help").stdout


def test_the_version():
    assert re.fullmatch(r"onrecord \d+\.\d+\.\d+\n", service.command("--version").stdout)


def test_a_variable_that_is_no_setting_is_named():
    quick = QuickStart()
    quick.env["ONRECORD_LISTN"] = "127.0.0.1:1"
    try:
        quick.start()
        (warned,) = [line for line in quick.log().split("\n") if "ONRECORD_LISTN" in line]
        assert json.loads(warned)["nearest"] == "ONRECORD_LISTEN"
    finally:
        quick.end()


def test_a_generated_key_is_one():
    done = service.command("key", "generate")
    assert re.fullmatch(r"onr_[A-Za-z0-9_-]{43}\n", done.stdout)
