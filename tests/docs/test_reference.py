"""Docs cannot rot: they are checked against the program."""

import re
from dataclasses import fields
from pathlib import Path

from pipeline.errors import Code
from pipeline.settings import Settings
from tests.docs import reference

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_page_is_what_the_program_says() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), "run `make docs` and look at the difference"


def test_every_setting_is_documented() -> None:
    assert [name for name, _, _ in reference.settings()] == [f"EVENTWIRE_{f.name.upper()}" for f in fields(Settings)]


def test_every_dead_letter_code_is_documented() -> None:
    assert [code for code, _ in reference._codes()] == list(Code)


def test_metric_names_follow_the_convention() -> None:
    units = "seconds|messages|articles|events|retractions|outcomes|letters|restarts|ratio|info"
    for name, _, meaning in reference.metrics():
        assert re.fullmatch(rf"eventwire_\w*({units})(_total)?", name), name
        assert meaning.endswith("."), name


def test_the_readme_names_only_files_commands_and_targets_that_exist() -> None:
    from pipeline.cli.main import COMMANDS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)\b", readme, re.MULTILINE)) <= targets
    shown = set(re.findall(r"(?:^|`|bin/)eventwire ([a-z-]+)", readme, re.MULTILINE))
    assert shown
    assert shown <= set(COMMANDS)
    for link in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / link).exists(), link
