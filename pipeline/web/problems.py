"""Errors of the HTTP API as RFC 9457 problems: what was wrong, where, and what to do about it."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pipeline.errors import BrokerError, EventwireError

logger = logging.getLogger(__name__)


class Problem(Exception):
    """A request that can't be met. `detail` is for people, `nearest` holds values that may have been meant."""

    def __init__(
        self, status: int, detail: str, *, nearest: Iterable[str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = HTTPStatus(status)
        self.detail = detail
        self.nearest = list(nearest)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": f"urn:eventwire:problem:{self.status.phrase.lower().replace(' ', '-')}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.nearest:
            body["nearest"] = self.nearest
        return Response(
            orjson.dumps(body),
            status_code=self.status.value,
            headers={"Cache-Control": "no-store", **self.headers},
            media_type="application/problem+json",
        )


def problem_of(error: EventwireError) -> Problem:
    """The problem for an error that a user can act on; its text names the nearest values where there are any."""
    if isinstance(error, BrokerError):
        return Problem(503, str(error), headers={"Retry-After": "5"})
    _, _, names = str(error).partition("Nearest: ")
    return Problem(400, str(error), nearest=names.removesuffix(".").split(", ") if names else ())


async def answer_problem(request: Request, error: Exception) -> Response:
    """Starlette's handler for `Problem` and for everything else that a request may end in."""
    if isinstance(error, Problem):
        return error.response()
    if isinstance(error, EventwireError):
        return problem_of(error).response()
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            detail = "There is nothing at this path. See /openapi.json for what there is."
        elif error.status_code == 405:
            detail = "This path does not know that method. See /openapi.json for what it knows."
        else:
            detail = str(error.detail)
        return Problem(error.status_code, detail, headers=error.headers).response()
    logger.error("a request failed", exc_info=error)
    return Problem(500, "An error of ours, it is in the server's log. Please report it.").response()
