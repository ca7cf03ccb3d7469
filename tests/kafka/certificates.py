"""A certificate authority and a server certificate for the secured listener, made by openssl in a tenth of a second."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.kafka.runtime import Unavailable


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files. `server`: private key (PKCS#8), certificate and CA, as a broker's key store wants them."""

    ca: Path
    other_ca: Path  # a valid authority that did not sign the server's certificate
    server: Path


def make_certificates(folder: Path) -> Certificates:
    """Certificates for localhost and 127.0.0.1, valid for two days. Raises `Unavailable` without openssl."""
    if shutil.which("openssl") is None:
        raise Unavailable("the secured listener needs openssl on the PATH (Debian: apt-get install openssl)")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ca", "other-ca"):
        _openssl(
            folder,
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", f"/CN=Eventwire test {name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
        )
    _openssl(
        folder,
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"),
        *("-keyout", "server.key", "-out", "server.csr"),
    )
    (folder / "san.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    _openssl(
        folder,
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-days", "2", "-extfile", "san.cnf", "-out", "server.crt"),
    )
    # openssl 1.1 writes EC keys in another form; the broker reads PKCS#8 only.
    _openssl(folder, "pkcs8", "-topk8", "-nocrypt", "-in", "server.key", "-out", "server.p8")
    server = folder / "server.pem"
    server.write_text("".join((folder / part).read_text() for part in ("server.p8", "server.crt", "ca.pem")))
    return Certificates(ca=folder / "ca.pem", other_ca=folder / "other-ca.pem", server=server)


def _openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(arguments)} failed: {done.stderr.strip()}")
