"""Pages to articles: what is taken, what is left, and hostile pages, which end in bounded time."""

import json
import socket
import time

import pytest

from pipeline.errors import Code, InvalidInput
from pipeline.language.html import read_page
from pipeline.language.metadata import PageMetadata

PAGE = """<!DOCTYPE html>
<html lang="de-DE"><head><meta charset="utf-8"><title>Brücke gesperrt | Flusskurier</title>
<link rel="canonical" href="https://flusskurier.example/lokales/bruecke">
<meta property="og:site_name" content="Flusskurier"><meta property="og:title" content="Brücke gesperrt">
<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
 {"@type": "WebSite", "name": "Flusskurier"},
 {"@type": ["NewsArticle"], "headline": "Die Brücke bleibt bis Mai gesperrt",
  "datePublished": "2026-03-02T06:15:00+01:00",
  "inLanguage": "de", "publisher": {"@type": "Organization", "name": "Flusskurier Verlag"}}]}</script>
<script>var tracking = "nicht lesen";</script></head>
<body><nav><ul><li><a href="/">Start</a></li><li><a href="/sport">Sport</a></li>
<li><a href="/abo">Abo</a></li></ul></nav>
<div class="cookie-banner" role="dialog"><p>Wir verwenden Cookies.</p><button>Alle akzeptieren</button></div>
<main><article><h1>Die Brücke bleibt bis Mai gesperrt</h1>
<p>Die Talbrücke bei Wendlingen bleibt nach Angaben der Stadt bis zum 15. Mai für Lastwagen gesperrt.</p>
<p>Bei einer Prüfung hatten Ingenieure im Januar Risse in zwei Pfeilern entdeckt, teilte das Bauamt am Montag mit.</p>
<h2>Umleitung über Oberdorf</h2>
<p>Der Verkehr wird über Oberdorf umgeleitet. Die Reparatur kostet voraussichtlich 2,4 Millionen Euro.</p>
</article><aside class="related"><h3>Mehr zum Thema</h3><ul><li><a href="/a">Neues Freibad</a></li>
<li><a href="/b">Streit um Parkplätze</a></li></ul></aside></main>
<footer>© 2026 Flusskurier Verlag · Impressum · Datenschutz</footer></body></html>"""

PARAGRAPH = "<p>Die Stadt hat am Montag den Bau einer neuen Brücke über den Fluss beschlossen, teilte das Amt mit.</p>"


def _json_ld(**fields: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **fields})}</script>'


def test_body_in_reading_order_without_what_surrounds_it() -> None:
    page = read_page(PAGE)
    positions = [page.body.find(part) for part in ("Talbrücke", "Ingenieure", "Umleitung über", "2,4 Millionen")]
    assert positions == sorted(positions)
    assert -1 not in positions
    for foreign in ("Cookies", "Sport", "Neues Freibad", "tracking", "Impressum"):
        assert foreign not in page.body


def test_metadata_from_json_ld_opengraph_and_links() -> None:
    page = read_page(PAGE)
    assert page.metadata == PageMetadata(
        title="Die Brücke bleibt bis Mai gesperrt",
        published_at="2026-03-02T06:15:00+01:00",
        url="https://flusskurier.example/lokales/bruecke",
        source_name="Flusskurier Verlag",
        language="de",
    )


def test_metadata_without_json_ld() -> None:
    page = read_page(
        f"""<html lang="sv"><head><title>Ny bro</title><meta property="article:published_time" content="2026-03-02">
        <meta property="og:url" content="https://a.example/1"><link rel="canonical" href="/relative"></head>
        <body><article><h1>Ny bro över ån</h1>{PARAGRAPH * 3}</article></body></html>"""
    )
    assert page.metadata.title == "Ny bro över ån"
    assert page.metadata.published_at == "2026-03-02"
    assert page.metadata.url == "https://a.example/1"
    assert page.metadata.language == "sv"


@pytest.mark.parametrize(
    "block",
    ["{", "null", "[[[]]]", '{"@type": 3}', '{"@graph": [1, {"@type": "NewsArticle", "headline": 7}]}', "[" * 5_000],
)
def test_malformed_json_ld_is_passed_over(block: str) -> None:
    page = read_page(
        f'<html><head><script type="application/ld+json">{block}</script></head>'
        f"<body><article><h1>Brücke</h1>{PARAGRAPH * 3}</article></body></html>"
    )
    assert page.metadata.title == "Brücke"
    assert "neuen Brücke" in page.body


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="alternate Canonical" href="https://a.example/1">', "https://a.example/1"),
        (
            '<link rel="canonical" href="/relative"><meta property="og:url" content="https://a.example/2">',
            "https://a.example/2",
        ),
        (_json_ld(url="https://a.example/3"), "https://a.example/3"),
        (_json_ld(mainEntityOfPage={"@id": "https://a.example/4"}), "https://a.example/4"),
        (_json_ld(mainEntityOfPage=["https://a.example/5"], url="no address"), "https://a.example/5"),
        (_json_ld(url=["https://a.example/6"], mainEntityOfPage=7), None),
    ],
)
def test_where_the_address_is_found(head: str, url: str | None) -> None:
    assert read_page(f"<html><head>{head}</head><body>{PARAGRAPH}</body></html>").metadata.url == url


@pytest.mark.parametrize(
    "publisher", [{"name": "Flusskurier"}, [{"name": "Flusskurier"}, {"name": "B"}], "Flusskurier"]
)
def test_publishers_in_any_form(publisher: object) -> None:
    page = read_page(f"<html><head>{_json_ld(publisher=publisher)}</head><body>{PARAGRAPH}</body></html>")
    assert page.metadata.source_name == "Flusskurier"


@pytest.mark.parametrize("mark", ["\x01", "\x0b", "\x1f", "\ufffe", "&#1;", "&#x0B;", "&#31;", "&#0;"])
def test_characters_that_xml_cannot_hold_do_not_cost_the_body(mark: str) -> None:
    page = read_page(f"<html><body><article><p>{mark}Eins{mark}.</p>{PARAGRAPH * 3}</article></body></html>")
    assert page.body.startswith("Eins.")
    assert "Brücke" in page.body


def test_many_attributes_are_refused_before_the_parser_compares_each_with_all() -> None:
    for attributes in (" ".join(f'a{n}="{n}"' for n in range(60_000)), " ".join(f"a{n}" for n in range(60_000))):
        with pytest.raises(InvalidInput, match="attributes in one tag"):
            read_page(f"<html><body><p {attributes}>x</p>{PARAGRAPH}</body></html>")
    script = "<script>" + "a = b = c; " * 30_000 + "</script>"
    assert "Brücke" in read_page(f"<html><head>{script}</head><body>{PARAGRAPH}</body></html>").body


def test_a_declared_charset_does_not_matter() -> None:
    """The page is text already: an old declaration in it must not decode it again."""
    head = '<?xml version="1.0" encoding="iso-8859-1"?><html><head><meta charset="iso-8859-1"></head>'
    assert "neuen Brücke über" in read_page(f"{head}<body><article>{PARAGRAPH * 3}</article></body></html>").body


def test_text_below_the_depth_that_the_parser_reaches_is_never_lost_silently() -> None:
    deep = "<div>" * 10_000 + PARAGRAPH + "</div>" * 10_000
    with pytest.raises(InvalidInput) as caught:
        read_page(f"<html><body><article>{PARAGRAPH * 3}{deep}</article></body></html>")
    assert caught.value.code == Code.BAD_HTML
    assert "256" in caught.value.reason


def test_a_big_page_without_a_body_is_an_error_and_a_small_one_is_empty() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_page("<html><body>" + "<script>x=1;</script>" * 500 + "</body></html>")
    assert caught.value.code == Code.BAD_HTML
    assert read_page("<html><body></body></html>").body == ""
    assert read_page("   ").body == ""


HOSTILE = {
    "5 MB of script": f"<body><script>{'var a = 1;' * 500_000}</script><article>{PARAGRAPH * 3}</article></body>",
    "entity bomb": "<!DOCTYPE html [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(10))
    + f"]><html><body><article>{PARAGRAPH * 3}<p>&k;</p></article></body></html>",
    "50,000 line breaks": f"<html><body><article>{PARAGRAPH * 3}{'text<br>' * 50_000}</article></body></html>",
    "200,000 unclosed tags": f"<html><body><article>{PARAGRAPH * 3}{'<b><i>' * 100_000}</article></body></html>",
    "combining marks": f"<body><article>{PARAGRAPH * 3}<p>{'&#x316;&#x301;' * 60_000}</p></article></body>",
    "a huge attribute": f"<body data-x='{'H4sIAAAAAAAA' * 150_000}'><article>{PARAGRAPH * 3}</article></body>",
    "NUL characters": f"<html><body><article>{PARAGRAPH * 3}{chr(0) * 10_000}</article></body></html>",
}


REFUSED = {"200,000 unclosed tags", "50,000 line breaks"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end_in_bounded_time(name: str) -> None:
    began = time.perf_counter()
    if name in REFUSED:
        with pytest.raises(InvalidInput) as caught:
            read_page(HOSTILE[name])
        assert caught.value.code == Code.BAD_HTML
    else:
        page = read_page(HOSTILE[name])
        assert "neuen Brücke" in page.body
        assert len(page.body) < 500_000
    assert time.perf_counter() - began < 15


def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("reading a page must not open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    html = PAGE.replace(
        "<article>", '<article><img src="https://a.example/x.png"><iframe src="https://b.example"></iframe>'
    )
    assert "Talbrücke" in read_page(html, "https://flusskurier.example/x").body
