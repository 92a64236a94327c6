"""How the API is described (OpenAPI 3.1): parameters, pages, problems, the key."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django import forms
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers

from marketplaces.api.examples import EXAMPLES, PROBLEM
from marketplaces.api.serializers import Problem, Why
from plugseller.problems import MEDIA_TYPE

View = TypeVar("View", bound=Callable[..., Any])

_PATH = {
    "slug": "The seller, as in the addresses of the pages.",
    "connection": "The id of a connection.",
    "number": "The marketplace's number of the order, encoded.",
    "market": "The marketplace's id of the store, encoded.",
    "sku": "The SKU, encoded.",
    "kind": "Which price.",
    "location": "Where the pieces lie, encoded.",
    "run_id": "The run, by its id.",
}
_TYPES = {"connection": OpenApiTypes.UUID, "run_id": OpenApiTypes.STR}
_QUERY = {
    "q": "Only what holds these letters: SKU, title, product id or order number.",
    "connection": "Only this connection, by its id.",
    "market": "Only this store, by the marketplace's id of it.",
    "sort": "In which order.",
    "status": "Only this status, in the marketplace's own word.",
    "channel": "Only what is shipped by this party.",
    "gone": "Also, or only, what the marketplace no longer tells of.",
    "level": "Only counts in this range.",
    "kind": "Only this kind of price.",
    "feature": "Only runs of this feature.",
    "outcome": "Only runs that ended like this.",
}
_REFUSALS = {
    400: "A parameter isn't known, or can't be what was sent",
    401: "No key was sent, or one that doesn't work",
    403: "The seller may be seen, but not this of it",
    404: "Nothing is there, or nothing for whoever asks",
    405: "The API only reads",
    429: "Too many requests",
    503: "The access couldn't be logged, so nothing was told",
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The API key, for the description."""

    target_class = "plugseller.accounts.tokens.TokenAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made under API keys: `Authorization: Bearer plug_…`",
        }


def described(
    name: str,
    answer: Any,
    *,
    summary: str,
    path: tuple[str, ...] = (),
    query: type[forms.Form] | None = None,
    tag: str,
) -> Callable[[View], View]:
    """Decorates a `get`: what it takes, what it answers, how it refuses."""
    example = EXAMPLES.get(name)
    examples = [
        OpenApiExample(
            "Refused",
            PROBLEM,
            response_only=True,
            status_codes=["400"],
            media_type=MEDIA_TYPE,
        )
    ]
    if example:
        examples.append(
            OpenApiExample("Made up", example, response_only=True, status_codes=["200"])
        )
    refusals = {(code, MEDIA_TYPE): Problem for code in _REFUSALS}
    decorator: Callable[[View], View] = extend_schema(
        operation_id=name,
        summary=summary,
        description=f"{summary}.",
        tags=[tag],
        parameters=[*(_path(p) for p in path), *_query(query)],
        responses={200: answer, **refusals},
        examples=examples,
    )
    return decorator


def page_of(row: type[serializers.Serializer[Any]]) -> type[Any]:
    """The serializer of one page of such rows."""
    return type(
        f"{row.__name__.removesuffix('Row')}Page",
        (serializers.Serializer,),
        {
            "results": row(many=True),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "why_empty": Why(many=True),
        },
    )


@cache
def whole_schema() -> dict[str, Any]:
    """The description of the whole API; the same for everybody who may read it."""
    made: dict[str, Any] = SchemaGenerator().get_schema(  # type: ignore[no-untyped-call]  # no types
        request=None, public=True
    )
    return made


def say_what_answers_mean(result: dict[str, Any], **unused: Any) -> dict[str, Any]:
    """Each answer gets its sentence; called by the package at the end."""
    for path in result["paths"].values():
        for operation in path.values():
            for code, response in operation["responses"].items():
                response["description"] = _REFUSALS.get(int(code), "What was asked for")
    return result


def _path(name: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        _TYPES.get(name, OpenApiTypes.STR),
        OpenApiParameter.PATH,
        description=_PATH[name],
    )


def _query(form: type[forms.Form] | None) -> list[OpenApiParameter]:
    if form is None:
        return []
    fields: dict[str, forms.Field] = form.base_fields
    return [_parameter(form, name, field) for name, field in fields.items()]


def _parameter(form: Any, name: str, field: forms.Field) -> OpenApiParameter:
    choices: list[str] = []
    if isinstance(field, forms.ChoiceField):
        told: Any = field.choices
        choices = [str(key) for key, _ in told if key]
    if name == "sort":
        choices = [ordering.key for ordering in form.orderings]
    kind: Any = {"type": "string"}
    if choices == ["true", "false"]:
        kind = {"type": "boolean"}
    elif choices:
        kind |= {"enum": choices}
    elif name == "connection":
        kind |= {"format": "uuid"}
    elif isinstance(field, forms.DateField):
        kind |= {"format": "date"}
    elif isinstance(field, forms.IntegerField):
        kind = {
            "type": "integer",
            "minimum": field.min_value,
            "maximum": field.max_value,
        }
    about = str(field.help_text) or _QUERY[name]
    return OpenApiParameter(name, kind, description=about)
