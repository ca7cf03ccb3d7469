"""JSON for programs, one value a line, that can't steer the terminal of somebody who looks at it."""

import sys
from typing import Any

# JSON escapes the control characters below U+0020 and lets these pass; a terminal obeys some of them.
_ESCAPED = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def print_json(value: Any) -> None:
    """`value` in one line."""
    import orjson

    print_line(orjson.dumps(value))


def print_line(json: bytes) -> None:
    """JSON that is one line already (UTF-8). Written as UTF-8, whatever the terminal's encoding, and at once."""
    sys.stdout.buffer.write(json.decode().translate(_ESCAPED).encode() + b"\n")
    sys.stdout.buffer.flush()
