"""A web client whose types are made from openapi.yaml: it compiles under the strictest rules, and works."""

import os
import shutil
import subprocess

import pytest
from service import ROOT

HERE = ROOT / "tests/client"
PACKAGES = ROOT / "build/npm-test/node_modules"
FOLDER = ROOT / "build/test/client"

pytestmark = pytest.mark.skipif(not PACKAGES.is_dir(), reason="`make build/npm-test/.installed` brings its packages")


def run(*words, **env):
    done = subprocess.run(words, cwd=FOLDER, capture_output=True, text=True, check=False, env={**os.environ, **env}, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def client():
    """The client, compiled: its path."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    modules = FOLDER / "node_modules"
    if not modules.is_symlink():
        modules.symlink_to(PACKAGES)
    for name in ("tsconfig.json", "round_trip.ts", "mistakes.ts"):
        shutil.copy(HERE / name, FOLDER / name)
    (FOLDER / "package.json").write_text('{"type": "module"}\n', encoding="utf-8")
    run("node", "node_modules/openapi-typescript/bin/cli.js", str(ROOT / "openapi.yaml"), "-o", "schema.d.ts")
    run("node", "node_modules/typescript/bin/tsc", "--project", ".")
    return FOLDER / "round_trip.js"


def test_it_compiles_and_mistakes_do_not(client):
    assert client.exists()


def test_a_round_trip(client, api):
    out = run("node", str(client), ONRECORD_URL=api.base, ONRECORD_KEY=api.keys.write)
    assert out.splitlines()[-1] == "done"
