"""What a client brings along that no schema can tell: a key of its own for each request, the cursors and tokens
that a service gave it, and the time. Only requests that are meant to be good get it; those that are meant to be bad stay as they are.
"""

import json
import os
import uuid
from datetime import datetime, timezone

import requests
import schemathesis

# Consistency tokens of users that exist, by their id.
TOKENS = json.loads(os.environ["FUZZ_TOKENS"])


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    headers, query = case.headers or {}, case.query or {}
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = f'"{uuid.uuid4()}"'
    if "Consistency-Token" in headers:
        bring_token(case, headers)
    if "as_of" in query:
        query["as_of"] = past(query["as_of"])
    if "cursor" in query:
        bring_cursor(case, query)


def past(instant):
    """No schema knows what time it is: an instant that is still to come is one of the year 2026's beginning."""
    return instant if str(instant) < datetime.now(timezone.utc).isoformat() else "2026-01-31T12:00:00Z"


def bring_token(case, headers):
    """A token belongs to one resource: the request becomes one for a resource that has one."""
    id_ = next(iter(TOKENS))
    if "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = id_
    headers["Consistency-Token"] = TOKENS[id_]


def bring_cursor(case, query):
    """The cursor that the same request gave for the page before; where that was the last one, there is none to send."""
    first = {name: value for name, value in query.items() if name not in ("cursor", "limit")}
    url = f"{case.operation.base_url.rstrip('/')}{case.formatted_path}"
    answer = requests.get(url, params={**first, "limit": 1}, timeout=30)
    cursor = answer.json().get("next_cursor") if answer.ok else None
    if cursor is None:
        del query["cursor"]
    else:
        query["cursor"] = cursor
