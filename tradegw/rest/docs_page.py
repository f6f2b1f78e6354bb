"""The API description and a page to read it with: fixed bytes at fixed paths, nothing else.

The page is Swagger UI as packaged in ``swagger-ui-bundle``; nothing is loaded from elsewhere, and
no script stands in the page itself, so it works under a strict content security policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from swagger_ui_bundle import swagger_ui_path

from .answer import Answer
from .openapi import document
from .routing import Route

_FILES: Final = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}

_HTML: Final = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>tradegw Trading API</title>
<link rel="stylesheet" href="swagger-ui.css">
<link rel="icon" type="image/png" href="favicon-32x32.png" sizes="32x32">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script src="start.js"></script>
</body>
</html>
"""

# The packaged UI (4.15) refuses documents that call themselves 3.1, but shows this one well: it has
# nothing of 3.1 that 3.0 lacks, except "null" as a type, which the UI prints as it stands.
_START: Final = b"""fetch("../api-docs/openapi.json")
  .then((answer) => answer.json())
  .then((spec) => {
    window.ui = SwaggerUIBundle({
      spec: Object.assign({}, spec, { openapi: "3.0.3" }),
      dom_id: "#swagger-ui",
      deepLinking: true,
    });
  });
"""

_GUARD: Final = (
    b"Content-Security-Policy: default-src 'none'; script-src 'self'; connect-src 'self'; "
    b"style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
)


def pages(routes: Iterable[Route]) -> dict[bytes, Answer]:
    """The answers by raw path: the document, the page and what the page loads."""
    folder = Path(str(swagger_ui_path))
    found = {
        b"/api-docs/openapi.json": Answer(200, json.dumps(document(routes)).encode()),
        b"/swagger-ui": Answer(303, b"", b"text/plain", b"Location: /swagger-ui/\r\n"),
        b"/swagger-ui/": Answer(200, _HTML, b"text/html; charset=utf-8", _GUARD),
        b"/swagger-ui/start.js": Answer(200, _START, b"text/javascript; charset=utf-8", _GUARD),
    }
    for name, kind in _FILES.items():
        path = b"/swagger-ui/" + name.encode()
        found[path] = Answer(200, (folder / name).read_bytes(), kind, _GUARD)
    return found
