"""The README's examples: each `curl` in a console block is run, and answers what stands below it; `...` stands for what differs
from one run to the next."""

import os
import re
import subprocess

import pytest

import service

SHOWN_AT = "http://127.0.0.1:8080"


def examples():
    """Commands with curl, and the answer that the README shows for each."""
    text = (service.ROOT / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        for command, shown in re.findall(r"^\$ (.*?[^\\])\n((?:[^$\n].*\n)*)", block.replace("\\\n    ", ""), re.M):
            if command.startswith("curl "):
                yield command, shown.strip()


def pattern(shown):
    return ".+?".join(re.escape(part) for part in shown.split("..."))


def test_there_are_some():
    assert len(list(examples())) >= 5


@pytest.mark.own_server
def test_they_answer_what_the_readme_shows(api, tmp_path):
    for command, shown in examples():
        done = subprocess.run(
            ["sh", "-c", command.replace("curl ", "curl -sS ", 1).replace(SHOWN_AT, api.base)],
            env={**os.environ, "KEY": api.keys.write},
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert re.fullmatch(pattern(shown), done.stdout.rstrip("\n")), f"{command}\nanswered\n{done.stdout}"
