"""JSON lines: what a terminal would obey is escaped, and reads back as it was."""

import json

import pytest

from pipeline.cli.lines import print_json, print_line


def test_no_control_character_reaches_the_terminal(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    everything = "".join(map(chr, range(0x100))) + "Ünïcode 中"
    print_json({"text": everything})
    print_line(json.dumps({"text": everything}, ensure_ascii=False).encode())
    for line in capfdbinary.readouterr().out.splitlines():
        text = line.decode()
        assert [char for char in text if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0] == []
        assert json.loads(text)["text"] == everything
        assert "中" in text
