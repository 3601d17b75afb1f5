"""Brave's web search, with pages that nobody has written. Every title says "Simulated".

Shapes as in https://api-dashboard.search.brave.com/app/documentation/web-search.
"""

from typing import Any, Final
from urllib.parse import parse_qs, quote_plus

import orjson

from .problems import HTTP_STATUS, Kind, Problem, invalid
from .request import Wire
from .topics import keywords_of, topic_of

PATH: Final = "/res/v1/web/search"
MOST_RESULTS: Final = 20
_CODES: Final[dict[Kind, str]] = {
    "authentication": "SUBSCRIPTION_TOKEN_INVALID",
    "invalid_request": "VALIDATION",
    "rate_limit": "RATE_LIMITED",
}
_KINDS_OF_PAGE: Final = (
    ("Simulated: {topic}, an overview", "What there is to know about {topic}, in five minutes."),
    ("Simulated: {topic} explained", "A walk through {topic}, with examples and pictures."),
    ("Simulated: questions about {topic}", "Readers ask about {topic}; people who know answer."),
    ("Simulated: the history of {topic}", "How {topic} came about, and what changed since."),
    ("Simulated: news about {topic}", "What happened around {topic} this month."),
)


def _error_body(problem: Problem) -> bytes:
    code = _CODES.get(problem.kind, problem.kind.upper())
    status = HTTP_STATUS[problem.kind]
    error = {"id": "simulated", "status": status, "code": code, "detail": problem.message}
    return orjson.dumps({"type": "ErrorResponse", "error": error})


WIRE: Final = Wire(b"x-request-id", _error_body, _error_body)


def results(query_string: str) -> bytes:
    """`GET /res/v1/web/search`; raises a 400 for a query or count that Brave would refuse."""
    asked = parse_qs(query_string)
    query = asked.get("q", [""])[0]
    count = asked.get("count", ["20"])[0]
    if not query or len(query) > 400 or len(query.split()) > 50:
        raise invalid("q must have 1 to 400 characters and at most 50 words", "q")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_RESULTS:
        raise invalid(f"count must be a number from 1 to {MOST_RESULTS}", "count")
    pages = [_page(query, number) for number in range(int(count))]
    return orjson.dumps(
        {
            "type": "search",
            "query": {"original": query, "more_results_available": False},
            "web": {"type": "search", "results": pages},
        }
    )


def _page(query: str, number: int) -> dict[str, Any]:
    topic = topic_of(query)
    title, description = _KINDS_OF_PAGE[number % len(_KINDS_OF_PAGE)]
    round_ = number // len(_KINDS_OF_PAGE) + 1
    part = f" ({round_})" if round_ > 1 else ""
    words = quote_plus("-".join(keywords_of(query, 4)).lower()) or "page"
    return {
        "type": "search_result",
        "title": title.format(topic=topic) + part,
        "url": f"https://search.example/{words}/{number + 1}",
        "description": description.format(topic=f"<strong>{topic}</strong>"),
        "language": "en",
    }
