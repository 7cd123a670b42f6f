"""Pages that stand alone: a template each, with style and pictures inside, and nothing fetched."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES: Final = Environment(
    loader=PackageLoader("serving"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def single_page(template: str, **content: object) -> str:
    """The HTML of a page."""
    return _TEMPLATES.get_template(template).render(content)
