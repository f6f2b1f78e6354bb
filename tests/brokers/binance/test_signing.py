"""Signatures: the published vectors, and keys of our own verified with their public halves."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tradegw.brokers.binance.keys import Key, private, shared
from tradegw.brokers.binance.signing import Signer, ws_payload
from tradegw.brokers.call import Call, query_text
from tradegw.model.limits import Lane
from tradegw.secrecy import Secret

API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = Secret("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def pem(
    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signer(key: Key) -> Signer:
    return Signer(Secret(API_KEY), key, lambda: NOON, "/api/v3")


def call(*query: tuple[str, str], path: str = "/api/v3/order") -> Call:
    return Call(method="POST", path=path, lane=Lane.ENTRY, query=query)


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        ("１２３４５６", "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"),  # noqa: RUF001
    ],
)
def test_published_vectors_of_rest(symbol: str, signature: str) -> None:
    query = (
        ("symbol", symbol),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", "1"),
        ("price", "0.1"),
        ("recvWindow", "5000"),
        ("timestamp", "1499827319559"),
    )
    assert shared(SECRET).prove(query_text(query).encode()) == signature


def test_published_vector_of_the_websocket_api() -> None:
    params: dict[str, str | int] = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "recvWindow": 100,
        "timestamp": 1645423376532,
        "apiKey": API_KEY,
    }
    assert (
        shared(SECRET).prove(ws_payload(params))
        == "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
    )


def test_18_a_call_is_encoded_before_it_is_signed_and_sent_as_it_was_signed() -> None:
    key = shared(SECRET)
    signed = signer(key).call(call(("symbol", "币安人生USDT"), ("note", "a b")))
    payload, _, signature = signed.target.partition("?")[2].rpartition("&signature=")
    assert payload.startswith("symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&note=a%20b&")
    assert key.prove(payload.encode()) == signature
    assert dict(signed.headers) == {"X-MBX-APIKEY": API_KEY}
    assert dict(signed.query)["timestamp"] == str(int(NOON.timestamp() * 1000))


def test_what_everybody_may_know_is_asked_for_without_a_key() -> None:
    asked = call(("symbol", "SOLUSDC"), path="/api/v3/klines")
    assert signer(shared(SECRET)).call(asked) is asked


def test_ed25519_signs_in_base64_that_a_query_escapes() -> None:
    made = ed25519.Ed25519PrivateKey.generate()
    key = private(pem(made))
    signed = signer(key).call(call(("symbol", "SOLUSDC")))
    payload, _, escaped = signed.target.partition("?")[2].rpartition("&signature=")
    assert not set(escaped) & set("+/=")
    ((_, signature),) = parse_qsl(f"signature={escaped}")
    made.public_key().verify(base64.b64decode(signature), payload.encode())
    assert key.logs_on


def test_rsa_signs_with_pkcs1() -> None:
    made = rsa.generate_private_key(65537, 2048)
    key = private(pem(made))
    params = signer(key).params()
    signature = base64.b64decode(str(params.pop("signature")))
    made.public_key().verify(signature, ws_payload(params), padding.PKCS1v15(), SHA256())
    assert not key.logs_on


@pytest.mark.parametrize(
    "bad",
    [
        b"nothing of the kind",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505  (what is refused)
    ],
)
def test_other_keys_are_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="holds"):
        private(bad)


def test_nothing_shows_the_secret() -> None:
    assert SECRET.reveal() not in repr(shared(SECRET))
    assert API_KEY not in repr(signer(shared(SECRET)).call(call()))
