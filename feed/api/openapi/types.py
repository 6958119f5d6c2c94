"""The schemas of types that only our decoder knows: bounded decimals and times."""

from typing import Any

from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from feed.numbers import BoundedDecimal
from feed.times import Instant

_FORMATS: dict[Any, OpenAPIFormat | None] = {BoundedDecimal: None, Instant: OpenAPIFormat.DATE_TIME}


class BoundedTypes(OpenAPISchemaPlugin):
    """Documents bounded decimals and times as the strings that they are in responses."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Whether it is one of these types."""
        return any(value is kind for kind in _FORMATS)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """A new schema of the type: the framework adds defaults and examples to it."""
        return Schema(type=OpenAPIType.STRING, format=_FORMATS[field_definition.annotation])


def schema_of(kind: Any) -> dict[str, Any]:
    """The schema of the type, for msgspec's own schemas."""
    if kind not in _FORMATS:
        raise NotImplementedError
    return {"type": "string"}
