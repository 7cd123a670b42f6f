"""Making pages: templates, what each page is given, and the headers that keep others out.

Whoever has the role viewer gets every page's content masked before a template sees it.
"""

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from graph_schema.errors import Invalid, OnefoldError
from resolver.sentences import counted
from serving.access import NotSignedIn
from serving.console import sessions
from serving.masking import masked
from serving.problems import retry_after, title_of
from serving.service import Service
from serving.single_pages import environment
from stream.seeing import Stale

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TITLES: Final = {
    400: "This can't be",
    403: "Not yours to do",
    404: "Nothing here",
    405: "Nothing here",
    409: "Not as things stand",
    410: "Gone",
    429: "Too often",
    500: "Something went wrong",
    503: "Not just now",
}


def day(at: str | None) -> str:
    """A time as its day."""
    return at[:10] if at else "no time"


def clock(at: str | None) -> str:
    """A time to the minute, in UTC."""
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}" if at else "no time"


def money(amount: float, currency: str | None) -> str:
    """ "12.50 EUR"."""
    return f"{amount:,.2f} {currency or ''}".strip()


def clipped(text: str) -> str:
    """The beginning of a long id of which nobody reads the rest; where it stands, its title has the whole."""
    return f"{text[:11]}…" if len(text) > 20 else text


def brief(record_id: str) -> str:
    """A record's id; of one that was derived from what it holds, the beginning."""
    return f"{record_id[:7]}…" if record_id.startswith("~") else record_id


_TEMPLATES: Final = environment("serving.console")
_TEMPLATES.filters |= {each.__name__: each for each in (day, clock, counted, money, brief, clipped)}


def compile_pages() -> None:
    """Compiles every template, which the first look at each page would do else."""
    for name in _TEMPLATES.list_templates():
        _TEMPLATES.get_template(name)


def page(request: Request, template: str, status: int = 200, **content: object) -> Response:
    """A page. ``content`` is what it shows, as JSON; masked for a viewer."""
    service: Service = request.app.state.service
    who = sessions.signed_in(request)
    if who is None or who.role == "viewer":
        content = masked(content)
    html = _TEMPLATES.get_template(template).render(
        **content,
        who=who,
        signed_in=service.keyring.enforced,
        oidc=service.engine.rules.access.oidc is not None,
        csrf=sessions.csrf_of(request),
        path=request.url.path,
        within=getattr(request.state, "within", ""),
    )
    return HTMLResponse(html, status, _HEADERS)


def go(where: str) -> Response:
    """Goes on to another page after a form was taken."""
    return RedirectResponse(where, 303, _HEADERS)


def came_from(request: Request) -> str:
    """The page that sent a form: browsers tell of ours, and of nobody else's (see Referrer-Policy)."""
    page = urlsplit(request.headers.get("referer", ""))
    return f"{page.path}?{page.query}".rstrip("?") if page.path.startswith("/console/") else "/console/queue"


async def refusal(request: Request, error: Exception) -> Response:
    """The page of an error: what is wrong and the way out, never a value."""
    if isinstance(error, NotSignedIn):
        sessions.remember(request, came_from(request))
        return go("/console/sign-in")
    if isinstance(error, Stale):
        return page(request, "stale.html", 409, changes=error.changes, url=came_from(request))
    status, told, way_out = _told(error)
    title = _TITLES.get(status) or title_of(status)
    response = page(request, "error.html", status, title=title, what=told, way_out=way_out)
    if isinstance(error, OnefoldError):
        response.headers.update(retry_after(error))
    return response


def _told(error: Exception) -> tuple[int, str, str]:
    match error:
        case Invalid():
            mark = " " if error.reason[:1].islower() else ": "
            return error.status, f"{error.field}{mark}{error.reason.rstrip('.')}.", ""
        case OnefoldError():
            return error.status, f"{error.what[:1].upper()}{error.what[1:]}.", error.way_out
        case RequestValidationError():
            field = ".".join(map(str, error.errors()[0]["loc"][1:]))
            return 400, f"{field or 'The form'} is missing or wrong.", "Go back and try again"
        case HTTPException(status_code=404 | 405):
            return error.status_code, "There is no such page, or nothing to look at.", ""
        case HTTPException():
            return error.status_code, f"{error.detail.rstrip('.')}.", ""
    return 500, "The server met an error that it did not foresee.", "Its log tells more"
