"""What `import`, `export`, `backup` and `restore` show of how far they are: on a terminal, and elsewhere."""

import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile

import pytest
import service

pytestmark = pytest.mark.own_server
LINES = 4000


@pytest.fixture
def folder():
    """Not pytest's own: PostgreSQL, another user when we are root, must get through."""
    with tempfile.TemporaryDirectory(prefix="onrecord-terminal-") as path:
        os.chmod(path, 0o755)
        yield pathlib.Path(path)


def on_terminal(*arguments, **env):
    """Runs a command whose standard error is a terminal: its exit code, standard output, and what the terminal got."""
    ours, its = pty.openpty()
    full = {**service.clean_environment(), **env}
    with (tempfile.TemporaryFile("w+") as printed,
          subprocess.Popen([str(service.BINARY), *arguments], env=full, stdout=printed, stderr=its) as process):  # fmt: skip
        os.close(its)
        got = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            if not block:
                break
            got += block
        process.wait(60)
        printed.seek(0)
        out = printed.read()
    os.close(ours)
    shown = got.decode()
    assert not service.SANITIZER.search(shown), shown
    return process.returncode, out, shown


def speakers(folder):
    file = folder / "speakers.ndjson"
    file.write_text("".join(json.dumps({"name": f"Shown {i}", "description": "d" * 300}) + "\n" for i in range(LINES)), encoding="utf-8")
    return file


def test_an_import(api, folder):
    code, out, shown = on_terminal("import", str(speakers(folder)), "--resource", "speakers", DATABASE_URL=api.server.database_url)
    assert code == 0 and out.startswith(f"speakers: {LINES} created")
    *before, last = shown.rstrip("\r\n").split("\r\x1b[K")
    assert re.fullmatch(rf"{LINES} lines, \d+ a second \[#{{24}}\] 100 %", last), shown
    steps = [re.fullmatch(r"(\d+) lines, \d+ a second \[(#*)(\.*)\] (\d+) %(, \d+:\d\d:\d\d left)?", step) for step in before if step]
    assert steps and all(steps), shown
    for step in steps:
        assert len(step[2]) == int(step[4]) * 24 // 100 and len(step[2] + step[3]) == 24
    assert any(step[5] for step in steps), "it says how long it will take"
    assert [int(step[1]) for step in steps] == sorted(int(step[1]) for step in steps)


def test_problems_stand_above_it(api, folder):
    file = folder / "bad.ndjson"
    file.write_text("".join(json.dumps({"name": 5 if i % 1000 == 500 else f"Above {i}"}) + "\n" for i in range(LINES)), encoding="utf-8")
    code, _, shown = on_terminal("import", str(file), "--resource", "speakers", DATABASE_URL=api.server.database_url)
    lines = [line.split("\x1b[K")[-1] for line in shown.split("\r\n") if line]
    assert code == 1
    assert [line for line in lines if line.startswith("line ")] == [f"line {i}: The line has 1 fault. /name must be a string." for i in
                                                                  range(501, LINES, 1000)]  # fmt: skip


def test_an_export(api, folder):
    on_terminal("import", str(speakers(folder)), "--resource", "speakers", DATABASE_URL=api.server.database_url)
    code, out, shown = on_terminal("export", "speakers", DATABASE_URL=api.server.database_url)
    assert code == 0 and len(out.splitlines()) >= LINES
    assert all(json.loads(line)["id"] for line in out.splitlines())
    assert re.search(rf"{len(out.splitlines())} rows", shown.replace("\x1b[K", "")), shown


def test_a_backup_beside_the_server_of_the_data_folder(folder):
    """It is that server's database; and nothing is restored into it while the server runs."""
    env = {"ONRECORD_DATA_DIR": str(folder / "data"), "ONRECORD_LISTEN": f"127.0.0.1:{service.free_port()}"}
    with subprocess.Popen([str(service.BINARY), "serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env={**service.clean_environment(), **env}) as server:  # fmt: skip
        try:
            for line in server.stdout:
                if line.startswith("Ctrl-C"):
                    break
            file = folder / "record.dump"
            code, out, shown = on_terminal("backup", str(file), **env)
            assert (code, out) == (0, ""), shown
            assert file.stat().st_size > 10000
            assert re.search(r"\r *\r", shown), "what was shown of how far it is was taken away"
            code, _, shown = on_terminal("restore", str(file), "--replace", **env)
            assert code == 1 and "server" in shown, shown
        finally:
            server.terminate()
            assert server.wait(30) == 0
    code, _, shown = on_terminal("restore", str(file), "--replace", **env)
    assert code == 0, shown
