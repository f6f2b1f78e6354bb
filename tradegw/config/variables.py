"""Every variable there is: for ``--help``, for noticing misspelt ones, for checking the manual."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct


class Variable(Struct, frozen=True):
    """One environment variable; ``docs/configuration.md`` tells more of each."""

    name: str
    default: str
    meaning: str


GATEWAY: Final = (
    Variable("GATEWAY_PROVIDER", "by credentials", "which broker: alpaca, binance, mock, ..."),
    Variable("GATEWAY_MODE", "paper", "paper, or live for real money"),
    Variable("GATEWAY_HOST", "127.0.0.1", "address to listen on"),
    Variable("GATEWAY_PORT", "8080", "port for REST, WebSocket and metrics"),
    Variable("GATEWAY_API_KEY", "none", "key that clients must show, 32 bytes or more"),
    Variable("GATEWAY_STATE_DIR", "./tradegw-state", "directory of what must survive a restart"),
    Variable("STATE_DIRECTORY", "none", "systemd's state directory, if no other is given"),
    Variable("EXIT_STATE_FILE", "./gateway-exit-state.json", "no effect: exits are in the journal"),
    Variable("SUBSCRIPTIONS", "[]", "JSON list of what strategies want to hear"),
    Variable("ENABLE_SWAGGER", "false", "true or 1 serves the API's description and its page"),
    Variable(
        "SL_TP_TTL_HOURS",
        "0",
        "hours until an entry with exits that never filled is cancelled; 0 never",
    ),
    Variable("EXIT_MAX_UNCOVERED_SECS", "300", "how long a stop may be missing before the policy"),
    Variable("EXIT_UNCOVERED_POLICY", "alert", "then alert goes on telling, close closes it"),
    Variable("JOURNAL_RETENTION_DAYS", "90", "how long the journal remembers what is over"),
    Variable("JOURNAL_MAX_MB", "1024", "size from which the journal forgets what is over sooner"),
    Variable("SUBMIT_WAIT_SECS", "10", "how long an answer may wait for an order's outcome"),
    Variable("RECONCILE_SECS", "60", "time between two comparisons with the broker"),
    Variable("GIT_SHA", "unknown", "revision shown by /health"),
)
RECONNECTING: Final = (
    Variable("RECONNECT_INITIAL_BACKOFF_MS", "1000", "first pause after a lost broker link"),
    Variable("RECONNECT_MAX_BACKOFF_MS", "60000", "longest pause between two tries"),
    Variable("RECONNECT_MAX_DURATION_SECS", "300", "how long without a link until it is told"),
)
LOGGING: Final = (
    Variable("LOG_LEVEL", "info", "debug, info, warn, error or critical"),
    Variable("RUST_LOG", "none", "its plain level word, if LOG_LEVEL is unset"),
    Variable("LOG_FORMAT", "auto", "console, json, or auto: text on a terminal, else JSON lines"),
    Variable("ENVIRONMENT", "none", "auto is console for local and JSON lines for anything else"),
    Variable("K_SERVICE", "none", "set by Cloud Run: auto is JSON lines"),
)
BROKERS: Final = (
    Variable("ALPACA_API_KEY", "none", "Alpaca credentials"),
    Variable("ALPACA_API_SECRET", "none", "Alpaca credentials"),
    Variable("ALPACA_PAPER", "none", "true is paper, false is live"),
    Variable("ALPACA_BASE_URL", "by mode", "trading API, if another"),
    Variable("ALPACA_DATA_URL", "https://data.alpaca.markets", "market data, if elsewhere"),
    Variable("ALPACA_STREAM_URL", "wss://stream.data.alpaca.markets", "price streams"),
    Variable("ALPACA_TRADING_STREAM_URL", "by base URL", "stream of orders, if elsewhere"),
    Variable("ALPACA_FEED", "iex", "stock prices: iex, sip, delayed_sip, ..."),
    Variable("BINANCE_API_KEY", "none", "Binance credentials"),
    Variable("BINANCE_API_SECRET", "none", "Binance credentials, of an HMAC key"),
    Variable("BINANCE_PRIVATE_KEY_FILE", "none", "PEM file of an Ed25519 or RSA key, instead"),
    Variable("BINANCE_TESTNET", "none", "true is paper, false is live"),
    Variable("BINANCE_CURRENCY", "USDT", "asset in which the account is told"),
    Variable("BINANCE_POSITION_MODE", "netting", "of futures: netting, hedging"),
    Variable("BINANCE_BASE_URL", "by mode", "REST API, if another"),
    Variable("BINANCE_STREAM_URL", "by mode", "price streams, if elsewhere"),
    Variable("BINANCE_WS_API_URL", "by mode", "WebSocket API, if elsewhere"),
    Variable("OANDA_API_KEY", "none", "Oanda credentials"),
    Variable("OANDA_ACCOUNT_ID", "none", "Oanda account"),
    Variable("SAXO_APP_KEY", "none", "Saxo credentials"),
    Variable("SAXO_APP_SECRET", "none", "Saxo credentials"),
    Variable("SAXO_ACCOUNT_KEY", "none", "Saxo account"),
    Variable("TEKTII_ENGINE_URL", "none", "REST address of an external backtest engine"),
    Variable("TEKTII_ENGINE_WS_URL", "none", "WebSocket address of the same engine"),
    Variable("TEKTII_API_KEY", "none", "its key, if it wants one"),
)
MOCK: Final = (
    Variable("MOCK_SEED", "42", "seed of the random prices"),
    Variable("MOCK_TICK_MS", "500", "time between two prices"),
    Variable("MOCK_TAPE", "none", "CSV files of recorded prices to replay, comma separated"),
    Variable("MOCK_TAPE_SPEED", "1", "1 as recorded, 60 a minute a second"),
    Variable("MOCK_ACCOUNT", "kept", "kept from one start to the next, or fresh; fresh with tapes"),
    Variable("MOCK_CHAOS", "none", "seed=7,drop_answer=0.05,...: faults on purpose"),
    Variable("MOCK_CASH", "100000", "what the account begins with"),
    Variable("MOCK_CURRENCY", "USD", "currency of the account"),
    Variable("MOCK_LEVERAGE", "1", "an order needs its notional divided by this"),
    Variable("MOCK_COMMISSION", "0", "0.1%, 10bps, 0.005/unit+min1, maker:0;taker:0.1%, ..."),
    Variable("MOCK_SLIPPAGE_BPS", "0", "hundredths of a percent that market fills are worse"),
    Variable("MOCK_VOLUME_LIMIT", "0", "share of the traded volume that orders get; 0 no limit"),
    Variable("MOCK_PARTIAL_FILL_RATIO", "none", "fill orders in two parts, the first this big"),
    Variable(
        "MOCK_EXITS_HOLD_QUANTITY",
        "false",
        "true makes the simulated broker refuse to sell what resting exits hold",
    ),
    Variable("MOCK_ONE_EXIT", "false", "true: and take a stop or a limit for it, not both"),
    Variable("MOCK_NATIVE_BRACKETS", "false", "true makes the simulated broker keep brackets"),
)
BACKTEST: Final = (
    Variable(
        "BACKTEST_DATA",
        "none",
        "what is replayed: GOOG@1d=goog.csv,..., a directory, or JSON",
    ),
    Variable("BACKTEST_START", "none", "begin here; what is earlier is history"),
    Variable("BACKTEST_END", "none", "end before this; a date is included"),
    Variable("BACKTEST_CASH", "100000", "what the account begins with"),
    Variable("BACKTEST_CURRENCY", "USD", "currency of the account"),
    Variable("BACKTEST_COMMISSION", "0", "0.1%, 10bps, 0.005/unit+min1, maker:0;taker:0.1%, ..."),
    Variable("BACKTEST_SLIPPAGE", "0", "5bps, 2ticks, 0.02, rand:5bps or volshare:0.1"),
    Variable("BACKTEST_SPREAD", "0", "2bps, 1tick or 0.02: how far bid and ask are apart"),
    Variable("BACKTEST_FILL", "next", "next, or current: at the price just seen"),
    Variable("BACKTEST_PATH", "worst", "inside of a bar: worst, nearest, ohlc, olhc or best"),
    Variable("BACKTEST_LIMIT_FILL", "touch", "touch, or through: the price must go beyond a limit"),
    Variable("BACKTEST_VOLUME_LIMIT", "0", "share of the volume that orders get; 0 no limit"),
    Variable("BACKTEST_LATENCY_MS", "0", "simulated delay of orders, changes and cancels"),
    Variable("BACKTEST_LEVERAGE", "1", "an order needs its notional divided by this"),
    Variable("BACKTEST_MAINTENANCE", "0.5", "share of the initial margin that must be left"),
    Variable("BACKTEST_SHORT", "true", "false refuses orders that would open a short"),
    Variable("BACKTEST_POSITION_MODE", "netting", "netting, or hedging"),
    Variable("BACKTEST_CLIENTS", "1", "connections before it starts; 0 waits for nobody"),
    Variable("BACKTEST_PACE", "all", "whose acknowledgements count: all, or any"),
    Variable("BACKTEST_ACK_TIMEOUT", "60", "seconds without an acknowledgement; 0 waits for ever"),
    Variable("BACKTEST_RECONNECT_TIMEOUT", "60", "seconds without any client; 0 waits for ever"),
    Variable("BACKTEST_SPEED", "0", "simulated seconds per second at most; 0 no limit"),
    Variable("BACKTEST_TIMESTAMPS", "sim", "sim, or wall: the timestamp of messages"),
    Variable("BACKTEST_SEED", "0", "seed of all that is drawn"),
    Variable("BACKTEST_CLOSE_AT_END", "false", "true closes what is open at the last price"),
    Variable(
        "BACKTEST_REPORT",
        "none",
        "directory of the report, by default in the state directory",
    ),
    Variable("BACKTEST_TRANSCRIPT", "false", "1 also writes transcript.jsonl"),
    Variable("BACKTEST_EXIT", "auto", "auto ends the process after the run, never serves on"),
    Variable("BACKTEST_RISK_FREE", "0", "annual rate for Sharpe and Sortino"),
    Variable(
        "BACKTEST_PERIODS",
        "none",
        "periods per year for the ratios, by default from the data",
    ),
)
GROUPS: Final = {
    "gateway": GATEWAY,
    "reconnecting to the broker": RECONNECTING,
    "logs": LOGGING,
    "brokers": BROKERS,
    "the simulated broker": MOCK,
    "backtests": BACKTEST,
}
KNOWN: Final = tuple(each for group in GROUPS.values() for each in group)

_OURS: Final = re.compile(r"(?:GATEWAY|MOCK|RECONNECT|BACKTEST|JOURNAL|EXIT)_")
_KUBERNETES: Final = re.compile(r".*_(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT_[0-9]+_.*)")


def misspelt(environ: Iterable[str]) -> list[str]:
    """A warning for each name that looks like ours and is not, with the nearest that is."""
    names = [each.name for each in KNOWN]
    return [
        f"{name} is not a variable of tradegw{_nearest(name, names)}"
        for name in sorted(environ)
        if name not in names and _OURS.match(name) and not _KUBERNETES.fullmatch(name)
    ]


def _nearest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""
