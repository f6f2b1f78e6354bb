"""Proving who we are: a secret shared with Binance (HMAC), or a private key of our own.

The kind of a private key is seen from the key. Signatures of Ed25519 and RSA are base64, those of
HMAC hexadecimal. Nothing here shows a secret, in texts of errors neither.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ...secrecy import Secret

LEAST_RSA_BITS: Final = 2048

Prove: TypeAlias = Callable[[bytes], str]
"""The signature of a payload, as it stands in JSON; in a query it is percent-encoded."""


class Key:
    """``prove`` signs; ``logs_on`` says whether a whole connection can be logged on with it."""

    def __init__(self, prove: Prove, kind: str) -> None:
        self.prove = prove
        self.kind = kind

    @property
    def logs_on(self) -> bool:
        return self.kind == "Ed25519"

    def __repr__(self) -> str:
        return f"<{self.kind} key>"


def shared(secret: Secret) -> Key:
    """An HMAC key."""

    def prove(payload: bytes) -> str:
        return hmac.new(secret.reveal().encode(), payload, hashlib.sha256).hexdigest()

    return Key(prove, "HMAC")


def private(pem: bytes) -> Key:
    """An Ed25519 or RSA key, PKCS#8 without a password. Raises ``ValueError`` if it is none."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            "holds no private key that can be read (PEM, without a password)"
        ) from None
    if isinstance(key, Ed25519PrivateKey):
        return Key(_of_ed25519(key), "Ed25519")
    if isinstance(key, RSAPrivateKey):
        if key.key_size < LEAST_RSA_BITS:
            raise ValueError(f"holds an RSA key of less than {LEAST_RSA_BITS} bits")
        return Key(_of_rsa(key), "RSA")
    raise ValueError("holds a key that is neither Ed25519 nor RSA")


def _of_ed25519(key: Ed25519PrivateKey) -> Prove:
    return lambda payload: base64.b64encode(key.sign(payload)).decode()


def _of_rsa(key: RSAPrivateKey) -> Prove:
    return lambda payload: base64.b64encode(key.sign(payload, PKCS1v15(), SHA256())).decode()
