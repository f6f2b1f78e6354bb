"""JSON schemas (draft 2020-12) of what goes over the wire, from the types themselves.

Two dialects: what comes *in* may spell a decimal as string or number and any optional member as
``null``; what goes *out* has decimals as strings, and optional members absent instead of ``null``.
"""

from __future__ import annotations

import enum
import inspect
import re
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Final, TypeAlias, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from .queries import MAX_U32, value_type

Schema: TypeAlias = dict[str, Any]

_DECIMAL_OUT: Final = {
    "type": "string",
    "format": "decimal",
    "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
    "example": "185.50",
}
_DECIMAL_IN: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"},
        {"type": "number"},
    ],
    "description": "Exact; at most 28 significant digits.",
    "example": "185.50",
}
_PLAIN: Final[dict[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer", "minimum": 0},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


class Schemas:
    """Schemas by name; grows as types are asked for."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def outgoing(self, annotation: Any) -> Schema:
        """The schema of values the gateway sends."""
        return self._schema(annotation, incoming=False)

    def incoming(self, annotation: Any) -> Schema:
        """The schema of values a client sends."""
        return self._schema(annotation, incoming=True)

    def parameter(self, annotation: Any) -> Schema:
        """The schema of a value in a path or query string."""
        wanted = value_type(annotation)
        if wanted is int:
            return {"type": "integer", "minimum": 0, "maximum": MAX_U32}
        return self._schema(wanted, incoming=False)

    def _schema(self, annotation: Any, *, incoming: bool) -> Schema:
        if annotation in _PLAIN:
            return dict(_PLAIN[annotation])
        if annotation is Decimal:
            return dict(_DECIMAL_IN if incoming else _DECIMAL_OUT)
        if inspect.isclass(annotation) and issubclass(annotation, (Struct, enum.Enum)):
            return self._named(annotation, incoming=incoming)
        return self._composed(annotation, incoming=incoming)

    def _composed(self, annotation: Any, *, incoming: bool) -> Schema:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            schema = self._schema(arguments[0], incoming=incoming)
            return schema | _bounds(arguments[1])
        if origin is dict:
            return {"type": "object", "additionalProperties": True}
        if origin in (list, tuple, frozenset):
            return {"type": "array", "items": self._schema(arguments[0], incoming=incoming)}
        if NoneType in arguments:
            schema = self._schema(value_type(annotation), incoming=incoming)
            return {"anyOf": [schema, {"type": "null"}]} if incoming else schema
        return self._one_of(arguments)

    def _one_of(self, kinds: tuple[type[Struct], ...]) -> Schema:
        """Outgoing structs that tell themselves apart by a tag."""
        refs = [self.outgoing(kind)["$ref"] for kind in kinds]
        tags = [str(kind.__struct_config__.tag) for kind in kinds]
        return {
            "oneOf": [{"$ref": ref} for ref in refs],
            "discriminator": {
                "propertyName": kinds[0].__struct_config__.tag_field,
                "mapping": dict(zip(tags, refs, strict=True)),
            },
        }

    def _named(self, kind: type[Any], *, incoming: bool) -> Schema:
        name = kind.__name__
        if name not in self.components:
            self.components[name] = {}  # taken, should the type contain itself
            made = (
                self._struct(kind, incoming=incoming)
                if issubclass(kind, Struct)
                else {"type": "string", "enum": [member.value for member in kind]}
            )
            doc = vars(kind).get("__doc__")
            self.components[name] = {"description": markdown(doc), **made} if doc else made
        return {"$ref": f"#/components/schemas/{name}"}

    def _struct(self, kind: type[Struct], *, incoming: bool) -> Schema:
        config = kind.__struct_config__
        properties: dict[str, Schema] = {}
        required: list[str] = []
        if config.tag_field is not None:
            properties[config.tag_field] = {"type": "string", "enum": [config.tag]}
            required.append(config.tag_field)
        for field in msgspec.structs.fields(kind):
            properties[field.encode_name] = self._schema(field.type, incoming=incoming)
            if field.required or not (incoming or config.omit_defaults):
                required.append(field.encode_name)
        schema: Schema = {"type": "object", "properties": properties}
        return schema | {"required": required} if required else schema


def _bounds(meta: Meta) -> Schema:
    bounds = {"minLength": meta.min_length, "minimum": meta.ge, "maximum": meta.le}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def markdown(doc: str) -> str:
    """A docstring as the description shows it: no indent, no reStructuredText."""
    unmarked = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", inspect.cleandoc(doc))
    return unmarked.replace("``", "`")
