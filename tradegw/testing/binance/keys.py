"""API keys, and whether a signature is one of theirs."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa


class ApiKey:
    """A key of an account, and what it may do; ``kind`` is ``HMAC``, ``ED25519`` or ``RSA``."""

    def __init__(self, name: str, *, secret: str | None = None, public_pem: bytes = b"") -> None:
        self.name = name
        self.is_revoked = False
        self.may_trade = True
        self._secret = secret
        self._public: Any = None
        self.kind = "HMAC"
        if secret is None:
            self._public = serialization.load_pem_public_key(public_pem)
            is_rsa = isinstance(self._public, rsa.RSAPublicKey)
            self.kind = "RSA" if is_rsa else "ED25519"

    def signed(self, payload: bytes, signature: str) -> bool:
        """Whether *signature* is this key's under *payload*; in base64, or hex of any case."""
        if self._secret is not None:
            true = hmac.new(self._secret.encode(), payload, hashlib.sha256).hexdigest()
            return hmac.compare_digest(true.encode(), signature.lower().encode())
        try:
            raw = b64decode(signature, validate=True)
            if isinstance(self._public, ed25519.Ed25519PublicKey):
                self._public.verify(raw, payload)
            else:
                self._public.verify(raw, payload, padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True


class Keys:
    """All keys that are known."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    def add(self, key: ApiKey) -> None:
        """Know *key*."""
        self._keys[key.name] = key

    def find(self, name: str) -> ApiKey | None:
        """The key of that name, unless it is revoked."""
        found = self._keys.get(name)
        return None if found is None or found.is_revoked else found

    def revoke(self, name: str) -> None:
        """A key is one no longer."""
        self._keys[name].is_revoked = True


def ed25519_pem(seed: int) -> tuple[bytes, bytes]:
    """A private key that is always the same for *seed*, and its public key; both as PEM."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"%d" % seed).digest())
    return (
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )
