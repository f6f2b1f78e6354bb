"""Keys, signatures and times: what is let through, and what is not."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tradegw.testing.binance.calls import Call
from tradegw.testing.binance.keys import ApiKey

from .played import Played, hmac_of

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PAYLOAD = (
    "symbol={}&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
    "&timestamp=1499827319559"
)
WIDE = "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"
SORTED = (
    "apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A&price=52000.00"
    "&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC"
    "&timestamp=1645423376532&type=LIMIT"
)


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (
            PAYLOAD.format("LTCBTC"),
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (PAYLOAD.format(WIDE), "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"),
        (SORTED, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
    ],
)
def test_the_published_vectors_are_right(payload: str, signature: str) -> None:
    key = ApiKey("one", secret=SECRET)
    assert key.signed(payload.encode(), signature)
    assert key.signed(payload.encode(), signature.upper())
    assert not key.signed(payload.encode() + b"1", signature)


def account(fake: Played, **changed: Any) -> tuple[int, Any]:
    payload = f"timestamp={fake.stamps.ms()}"
    params = {"timestamp": str(fake.stamps.ms()), "signature": hmac_of(fake.terms.secret, payload)}
    call: dict[str, Any] = {"payload": payload.encode(), "key": fake.terms.key, "params": params}
    return fake.answered(Call(verb="GET", path="/api/v3/account", **(call | changed)))


def test_keys_and_signatures_are_looked_at() -> None:
    fake = Played()
    assert account(fake)[0] == 200
    assert account(fake, key=None) == (401, {"code": -2014, "msg": "API-key format invalid."})
    assert account(fake, key="unknownkey")[1]["code"] == -2015
    assert account(fake, payload=b"other")[1]["code"] == -1022
    assert account(fake, params={"timestamp": "1"})[1]["code"] == -1102
    fake.keys.revoke(fake.terms.key)
    assert account(fake)[0] == 401


def test_a_key_that_may_only_read_does_not_trade() -> None:
    fake = Played()
    found = fake.keys.find(fake.terms.key)
    assert found is not None
    found.may_trade = False
    assert fake.ask()[1]["code"] == -2015
    assert account(fake)[0] == 200


def test_keys_of_all_kinds_sign() -> None:
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    fake = Played(public_keys={"RSAKEY00": public})
    payload = f"timestamp={fake.stamps.ms()}"
    by_rsa = private.sign(payload.encode(), padding.PKCS1v15(), hashes.SHA256())
    edwards: Any = serialization.load_pem_private_key(fake.ed25519_pem, None)
    for name, raw in (
        ("RSAKEY00", by_rsa),
        (fake.terms.ed25519_key, edwards.sign(payload.encode())),
    ):
        signature = b64encode(raw).decode()
        params = {"timestamp": payload[10:], "signature": signature}
        assert account(fake, key=name, params=params)[0] == 200
        params["signature"] = signature.swapcase()
        assert account(fake, key=name, params=params)[1]["code"] == -1022


@pytest.mark.parametrize(
    ("skew", "window", "words"),
    [
        (-999, None, None),
        (-1000, None, "Timestamp for this request was 1000ms ahead of the server's time."),
        (5000, None, None),
        (5001, None, "Timestamp for this request is outside of the recvWindow."),
        (5001, 6000, None),
        (0, 60001, "recvWindow must be less than 60000."),
    ],
)
def test_the_clock_may_be_off_by_so_much(skew: int, window: int | None, words: str | None) -> None:
    fake = Played()
    before = fake.stamps.ms()
    fake.stamps.skew_ms = skew
    status, body = fake.call("GET", "/api/v3/account", timestamp=before, recvWindow=window)
    assert (status, body.get("msg")) == ((200, None) if words is None else (400, words))


def test_microseconds_are_a_timestamp_too() -> None:
    fake = Played()
    assert fake.call("GET", "/api/v3/account", timestamp=fake.stamps.ms() * 1000)[0] == 200
    assert fake.call("GET", "/api/v3/account", timestamp="soon")[1]["code"] == -1100
