"""Where the gateway listens."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from .environment import Environment

_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_KUBERNETES_LINK: Final = re.compile(r"(?:tcp|udp|sctp)://")
_LONGEST_NAME: Final = 253


def host(env: Environment, default: str) -> str:
    """``GATEWAY_HOST``: an IP address, an IPv6 one in brackets (dropped here), or a host name."""
    text = env.text("GATEWAY_HOST", default)
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        if _is_name(text):
            return text
    else:
        if bare == text or isinstance(address, ipaddress.IPv6Address):
            return bare
    env.problem(
        f"GATEWAY_HOST must be an IP address ([::1] for IPv6) or a host name, not {text[:60]!r}"
    )
    return default


def port(env: Environment, default: int) -> int:
    """``GATEWAY_PORT``; 0 lets the system choose one."""
    text = env.text("GATEWAY_PORT")
    if text is not None and _KUBERNETES_LINK.match(text):
        # Kubernetes sets <SERVICE>_PORT=tcp://... for a service named "gateway".
        env.warn(f"GATEWAY_PORT={text} is a Kubernetes service link and is ignored")
        return default
    return env.integer("GATEWAY_PORT", default, minimum=0, maximum=65535)


def _is_name(text: str) -> bool:
    labels = text.rstrip(".").split(".")
    return (
        len(text) <= _LONGEST_NAME
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()  # a mistyped address
    )
