"""Payloads in Alpaca's shapes; the values are invented."""

from __future__ import annotations

import json
from typing import Any

ORDER_ID = "2b8e7a10-55c3-4f0e-9a6d-41d3b1c0e7aa"

ORDER: dict[str, Any] = {
    "id": ORDER_ID,
    "client_order_id": "gw-7f31",
    "created_at": "2026-03-02T15:41:07.218840113Z",
    "updated_at": "2026-03-02T15:41:07.2241907Z",
    "submitted_at": "2026-03-02T15:41:07.222718405Z",
    "filled_at": None,
    "expires_at": "2026-05-29T20:15:00Z",
    "replaced_by": None,
    "replaces": None,
    "asset_id": "b6d1aa75-5c9c-4353-a305-9e2caa1925ab",
    "symbol": "MSFT",
    "asset_class": "us_equity",
    "notional": None,
    "qty": "12",
    "filled_qty": "0",
    "filled_avg_price": None,
    "order_class": "",
    "order_type": "limit",
    "type": "limit",
    "side": "buy",
    "position_intent": "buy_to_open",
    "time_in_force": "gtc",
    "limit_price": "411.15",
    "stop_price": None,
    "status": "new",
    "extended_hours": False,
    "legs": None,
    "trail_percent": None,
    "trail_price": None,
    "hwm": None,
    "subtag": None,
    "source": None,
}

FILL: dict[str, Any] = {
    "event": "partial_fill",
    "event_id": "01K4Q2V8S7M3C9X0R5T1B6N8JD",
    "at": "2026-03-02T15:41:07.262001Z",
    "timestamp": "2026-03-02T15:41:07.251377004Z",
    "execution_id": "c7d1f3d2-0b0c-4e0f-8a58-6a0b7a1e2f3d",
    "price": "411.12",
    "qty": "5",
    "position_qty": "5",
    "order": {
        **ORDER,
        "status": "partially_filled",
        "filled_qty": "5",
        "filled_avg_price": "411.12",
        "cancel_requested_at": None,
    },
}

ACTIVITY: dict[str, Any] = {
    "id": "20260302104107251::9f0d7f5e-7e0c-4a54-8f6b-3c1a0e6f2b11",
    "activity_type": "FILL",
    "transaction_time": "2026-03-02T15:41:07.251377Z",
    "type": "partial_fill",
    "price": "411.12",
    "qty": "5",
    "side": "buy",
    "symbol": "MSFT",
    "leaves_qty": "7",
    "cum_qty": "5",
    "order_id": ORDER_ID,
    "order_status": "partially_filled",
}

POSITION: dict[str, Any] = {
    "asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
    "symbol": "AAPL",
    "exchange": "NASDAQ",
    "asset_class": "us_equity",
    "qty": "-15",
    "qty_available": "-15",
    "avg_entry_price": "231.402",
    "side": "short",
    "market_value": "-3442.5",
    "unrealized_pl": "28.53",
    "current_price": "229.5",
}

ACCOUNT: dict[str, Any] = {
    "id": "6f0d2c4e-93a1-4d2b-8b7f-0c5a1e9f4d10",
    "account_number": "PA3EXAMPLE01",
    "status": "ACTIVE",
    "currency": "USD",
    "cash": "48210.37",
    "equity": "61544.92",
    "portfolio_value": "61544.92",
    "buying_power": "179442.16",
    "initial_margin": "6667.28",
    "crypto_tier": 1,
    "multiplier": "4",
    "admin_configurations": {},
    "user_configurations": None,
    "trading_blocked": False,
}


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()
