"""Pages made from templates; those that stand alone have style and pictures inside, and fetch nothing."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined


def environment(package: str) -> Environment:
    """The templates of a package: a name that nobody gave is an error, and what is shown is escaped."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_TEMPLATES: Final = environment("serving")


def single_page(template: str, **content: object) -> str:
    """The HTML of a page."""
    return _TEMPLATES.get_template(template).render(content)
