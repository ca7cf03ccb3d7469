"""What an article without an id is called. Light to import: whoever publishes articles keys them by it too."""

import hashlib
from collections.abc import Mapping
from typing import Any


def identity(*, url: str | None, title: str | None, text: str | None, html: str | None) -> str:
    """SHA-256 (hex) of the url, else of title, line break and text as they came (the HTML where no text did)."""
    content = url or f"{title or ''}\n{text or html or ''}"
    return hashlib.sha256(content.encode()).hexdigest()


def article_id(article: Mapping[str, Any]) -> str | None:
    """The id that the language stage will give to a raw article (its JSON), without reading its text.

    None where there can't be one: fields of the wrong type, text that isn't Unicode. Such an article becomes a dead
    letter.
    """
    fields: dict[str, Any] = {name: article.get(name) for name in ("id", "url", "title", "text", "html")}
    if any(value is not None and not isinstance(value, str) for value in fields.values()):
        return None
    if fields["id"]:
        return str(fields["id"])
    url, html = fields["url"], fields["html"]
    if not url and html and not (fields["text"] or "").strip() and article.get("action") != "delete":
        from pipeline.language.html import page_url

        try:
            url = page_url(html)
        except UnicodeEncodeError:
            return None
    try:
        return identity(url=url, title=fields["title"], text=fields["text"], html=html)
    except UnicodeEncodeError:
        return None
