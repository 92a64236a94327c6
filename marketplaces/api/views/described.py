"""The API's own description: for programs, and for people."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from marketplaces.api import schema
from marketplaces.api.queries import refuse_unknown
from marketplaces.api.views.base import ApiView


class Schema(ApiView):
    """OpenAPI 3.1; only for who has a key or is signed in."""

    @schema.described(
        "schema",
        OpenApiTypes.OBJECT,
        summary="This description, as OpenAPI 3.1",
        tag="Description",
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request.query_params)
        return Response(schema.whole_schema())


@login_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The same for people: plain HTML, no script."""
    whole = schema.whole_schema()
    context = {"groups": _groups(whole), "info": whole["info"]}
    return render(request, "marketplaces/api.html", context)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an answer, with those inside it further in."""

    name: str  # "items[].sku"
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One address that can be read."""

    id: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    fields: tuple[Field, ...]
    refusals: tuple[tuple[str, str], ...]


def _groups(whole: dict[str, Any]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for path, methods in whole["paths"].items():
        told = methods["get"]
        groups.setdefault(told["tags"][0], []).append(_operation(path, told, whole))
    return groups


def _operation(path: str, told: dict[str, Any], whole: dict[str, Any]) -> Operation:
    good = told["responses"]["200"]["content"]["application/json"]["schema"]
    return Operation(
        id=told["operationId"],
        path=path,
        summary=told["summary"],
        parameters=tuple(
            Parameter(p["name"], p["in"], _type(p["schema"]), p.get("description", ""))
            for p in told.get("parameters", ())
        ),
        fields=tuple(_fields(good, whole)),
        refusals=tuple(
            (code, answer["description"])
            for code, answer in told["responses"].items()
            if code != "200"
        ),
    )


def _fields(told: dict[str, Any], whole: dict[str, Any], before: str = "") -> Any:
    """The fields of an object, in depth; a list's are those of its rows."""
    told = _found(told, whole)
    if told.get("type") == "array":
        yield from _fields(told["items"], whole, f"{before}[]")
        return
    for name, field in told.get("properties", {}).items():
        inner = _found(field, whole)
        path = f"{before}.{name}" if before else name
        about = field.get("description") or inner.get("description", "")
        yield Field(path, _type(inner), about)
        yield from _fields(inner, whole, path)


def _found(told: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, where there is a reference to it."""
    for branch in [told, *told.get("allOf", ()), *told.get("oneOf", ())]:
        if "$ref" in branch:
            name = branch["$ref"].rpartition("/")[2]
            found: dict[str, Any] = whole["components"]["schemas"][name]
            return found
    return told


def _type(told: dict[str, Any]) -> str:
    """ "text", "number or null", "one of a, b": for people."""
    if "enum" in told:
        return "one of " + ", ".join(str(v) for v in told["enum"] if v is not None)
    kinds = told.get("type", "object")
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    form = told.get("format")
    return " or ".join(form if form and n == "string" else n for n in names)
