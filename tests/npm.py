"""Node packages that tests need, installed once below `.cache/` from a lock file beside the test."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT, skip_unless_ci


def installed(name: str, here: Path, *, extra: Sequence[str] = ()) -> Path:
    """The folder with `node_modules` of the package files in `here`, and with the files `extra`.

    Skips where npm is missing or fails; in CI that is a failure.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        skip_unless_ci(f"node and npm are not installed: {name} needs them")
    files = [here / file for file in ("package.json", "package-lock.json", *extra)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    folder = ROOT / ".cache" / f"{name}-{digest}"
    if not (folder / "installed").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in files:
            shutil.copy(file, folder)
        # No install scripts: nothing here needs one.
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            shutil.rmtree(folder)
            skip_unless_ci(f"npm could not install {name}: {done.stderr.strip()[-300:]}")
        (folder / "installed").touch()
    return folder
