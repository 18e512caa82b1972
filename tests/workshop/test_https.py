"""HTTPS with a certificate that is given."""

from __future__ import annotations

import http.client
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.support.need import need
from tests.workshop.client import Client
from tests.workshop.house import CODE, opened


def test_a_given_certificate(state: Path, tmp_path: Path) -> None:
    """HTTPS with that certificate, cookies for HTTPS alone, and nothing for plain HTTP."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([need("openssl"), *words], check=True, capture_output=True)
    with opened(state, "--cert", str(cert), "--key", str(key), scheme="https") as house:
        port = int(house.url.rpartition(":")[2])
        trusting = ssl.create_default_context(cafile=str(cert))
        secure = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=20)
        secure.request("GET", "/hub/login")
        answer = secure.getresponse()
        assert answer.status == 200 and "The netlab workshop" in answer.read().decode()
        cookies = answer.headers.get_all("Set-Cookie")
        assert cookies and all("secure" in cookie.lower() for cookie in cookies)
        inside = Client(house.url, "ada", code=CODE, trust=str(cert)).log_in()
        assert inside.status == 200 and "ada" in inside.text
        plain = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        plain.request("GET", "/hub/login")
        with suppress(ConnectionError, http.client.HTTPException):
            assert plain.getresponse().status >= 400
