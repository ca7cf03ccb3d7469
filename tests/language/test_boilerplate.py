"""Boilerplate by language: what is marked, and the news that looks like it and must not be."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.language.boilerplate import decide, find_boilerplate
from pipeline.language.boilerplate_model import KINDS, BoilerplateModel
from pipeline.language.features import Concepts, Lexicon
from pipeline.language.shapes import SHAPES
from pipeline.language.units import Unit, split_units

# (language, news, boilerplate, its kind; None: any, for advertising that is not sure to be advertising goes by another
# name): an article's last lines. Written for this test, not used in training.
ENDINGS = [
    ("de", "Der Zulieferer Brandmeier AG hat seinen Gewinn im zweiten Quartal auf 14 Millionen Euro verdoppelt.",
     "Brandmeier-Papiere: Noch rechtzeitig aufspringen oder besser Gewinne mitnehmen? Unser Gratis-Report liefert die "
     "Antwort!", None),
    ("de", "Die Gewerkschaft rief die Beschäftigten der Klinik für Donnerstag zum Warnstreik auf.",
     "Abonnieren Sie kostenlos unseren Newsletter und erhalten Sie täglich die wichtigsten Meldungen per Mail.",
     "newsletter"),
    ("en", "The ferry operator Norquay Lines said on Friday that it would cut 120 jobs at its Dover office.",
     "Ready to invest? Open a free account with our partner today and get a $25 bonus.", "ad"),
    ("en", "A fire destroyed a warehouse in the port district early on Sunday, police said.",
     "Sign up here for our free newsletter and get the top stories in your inbox.", "newsletter"),
    ("fr", "Le fabricant de vélos Cyclorama a annoncé mardi la fermeture de son usine de Nantes.",
     "Inscrivez-vous à notre newsletter gratuite pour recevoir chaque matin nos articles.", "newsletter"),
    ("es", "La empresa de autobuses Transandina anunció el martes la compra de su rival por 40 millones de euros.",
     "Suscríbete gratis a nuestra newsletter y recibe las noticias en tu correo.", "newsletter"),
    ("it", "Il gruppo alimentare Pastificio Verdi ha chiuso il 2025 con un utile di 8 milioni di euro.",
     "Leggi anche: Tutte le novità sulle pensioni", "teaser"),
    ("nl", "Vervoerder Waterlijn schrapt tachtig banen, meldde het bedrijf woensdag.",
     "Lees ook: Zo bespaar je op je energierekening", "teaser"),
    ("pt", "A construtora Ponte Alta anunciou na quinta-feira a demissão de 300 funcionários.",
     "Leia também: Como poupar na conta da luz", "teaser"),
    ("pl", "Spółka Metalpol zwolni dwustu pracowników fabryki w Radomiu, poinformował zarząd.",
     "Zapisz się na nasz bezpłatny newsletter i otrzymuj wiadomości codziennie.", "newsletter"),
    ("sv", "Skogsbolaget Granvik varslar 90 anställda vid sågverket i Umeå.",
     "Läs också: Så sänker du din elräkning", "teaser"),
    ("ro", "Compania Transcarpat a anunțat marți concedierea a 150 de angajați din Cluj.",
     "Citește și: Cum reduci factura la curent", "teaser"),
    ("ru", "Завод «Уралпром» сократит двести сотрудников, сообщила компания во вторник.",
     "Читайте также: Как снизить счета за электричество", "teaser"),
]  # fmt: skip

# News that talks of advertising, subscriptions, buying and selling, or speaks to somebody.
HARD_NEWS = [
    ("de", "Die Bank rät Anlegern, die Aktie des Herstellers zu verkaufen, und senkte das Kursziel auf 31 Euro."),
    ("de", "Der Zeitungsverlag erhöht den Preis seines Abonnements im Juli um zwei Euro, teilte er am Mittwoch mit."),
    ("de", "Das Landgericht verurteilte den Händler, weil er im Newsletter mit erfundenen Rabatten geworben hatte."),
    ("de", "„Wollen Sie uns wirklich alle entlassen?“, rief eine Arbeiterin dem Vorstand auf der Versammlung zu."),
    ("en", "Analysts at Harrow Bank told clients to sell the stock before the results on Thursday."),
    ("en", "The publisher said its newsletter had passed two million subscribers, up 12 percent from a year ago."),
    ("en", "The watchdog fined the shop £2 million for a sale that advertised discounts which did not exist."),
    ("fr", "La banque conseille de vendre l'action et abaisse son objectif de cours à 31 euros."),
    ("fr", "Le journal a perdu dix mille abonnés en un an, selon son rapport publié jeudi."),
    ("es", "El banco aconseja vender las acciones y rebaja el precio objetivo a 31 euros."),
    ("it", "Il tribunale ha condannato il negozio per gli sconti inventati nella pubblicità."),
    ("nl", "De krant verhoogt de prijs van een abonnement in juli met twee euro, meldde de uitgever."),
    ("pl", "Sąd ukarał sklep za reklamę ze zmyślonymi rabatami, podała agencja."),
    ("pt", "O banco aconselha a venda das ações e baixou o preço-alvo para 31 euros."),
    ("sv", "Banken råder sina kunder att sälja aktien och sänker riktkursen till 31 kronor."),
    ("ro", "Banca recomandă vânzarea acțiunilor și a redus prețul-țintă la 31 de lei."),
    ("ru", "Банк советует продавать акции компании и снизил целевую цену до 31 рубля."),
]


@pytest.fixture(scope="module")
def model() -> BoilerplateModel:
    return BoilerplateModel.load()


def marked(text: str, model: BoilerplateModel) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.kind) for span in find_boilerplate(text, model)]


@pytest.mark.parametrize(("language", "news", "extra", "kind"), ENDINGS)
def test_what_follows_the_news_is_marked_and_the_news_is_not(
    model: BoilerplateModel, language: str, news: str, extra: str, kind: str | None
) -> None:
    found = marked(f"{news}\n\n{extra}", model)
    covered = "".join(text for text, _ in found)
    assert len(covered) > 0.9 * len(extra)
    assert kind is None or kind in [name for _, name in found]
    assert not any(text in news for text, _ in found)


def test_sentences_within_a_paragraph(model: BoilerplateModel) -> None:
    """Advertising that hangs on to the last paragraph is marked, the paragraph's news is not."""
    news = "Die Aktie der Brandmeier AG gab am Nachmittag um 2,3 Prozent auf 41,20 Euro nach."
    advertising = "Sollten Sie jetzt verkaufen? Das erfahren Sie in unserem kostenlosen Report. Hier gratis anfordern!"
    text = f"{news} {advertising}"
    spans = find_boilerplate(text, model)
    assert spans
    assert spans[0].start == len(news) + 1
    assert spans[-1].end == len(text)


@pytest.mark.parametrize(("language", "news"), HARD_NEWS)
def test_news_about_advertising_and_subscriptions_is_news(model: BoilerplateModel, language: str, news: str) -> None:
    before = next(other for name, other, _, _ in ENDINGS if name == language)
    assert marked(f"{before}\n\n{news}\n\n{before}", model) == []


@pytest.mark.parametrize(
    "line", ["ANZEIGE", "- Advertisement -", "Publicité", "РЕКЛАМА", "© 2026 Flusskurier, Neustadt"]
)
def test_certain_signs(model: BoilerplateModel, line: str) -> None:
    text = f"{ENDINGS[0][1]}\n{line}\n{ENDINGS[1][1]}"
    assert line in [found for found, _ in marked(text, model)]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Anzeige: Fahrräder zum halben Preis", "ad"),
        ("Publicité - Deux vélos pour le prix d'un", "ad"),
        ("Lire aussi | Le pont sera rénové", "teaser"),
        ("ADVERTISEMENT – The article continues below", "teaser"),
        ("De tekst gaat verder onder de foto", "teaser"),
        ("Продолжение под рекламой", "teaser"),
    ],
)
def test_labels_name_what_follows_them(model: BoilerplateModel, line: str, kind: str) -> None:
    text = f"{ENDINGS[0][1]}\n{line}\n{ENDINGS[1][1]}"
    assert (line, kind) in marked(text, model)


@pytest.mark.parametrize(
    "line",
    [
        "Die Anzeige erstattete die Stadt am Montag bei der Polizei.",
        "Werbung wird teurer, teilte der Verlag am Montag mit.",
    ],
)
def test_labels_as_words_of_news_are_none(model: BoilerplateModel, line: str) -> None:
    assert marked(f"{ENDINGS[0][1]}\n{line}\n{ENDINGS[1][1]}", model) == []


def test_a_headline_is_never_boilerplate(model: BoilerplateModel) -> None:
    title = "Jetzt kaufen oder verkaufen?"
    text = f"{title}\n\n{ENDINGS[0][1]}"
    assert all(span.start >= len(title) for span in find_boilerplate(text, model, title=len(title)))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_spans_are_in_order_apart_and_within_the_text(text: str) -> None:
    model = BoilerplateModel.load()
    spans = find_boilerplate(text, model)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    for span in spans:
        assert text[span.start : span.end].strip() == text[span.start : span.end] != ""
        assert span.kind in KINDS[1:]
    assert spans == find_boilerplate(text, model)


def test_the_probabilities_of_every_unit_sum_to_one(model: BoilerplateModel) -> None:
    text = "\n".join(news for _, news in HARD_NEWS)
    units = split_units(text)
    for rows in model.probabilities(text, units):
        assert rows.shape == (len(units), len(KINDS))
        assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert model.probabilities("", [])[0].shape == (0, len(KINDS))


def dense(text: str, lexicon: Lexicon) -> list[float]:
    row: list[float] = lexicon.features(text, [Unit(0, len(text), 0)]).dense[0].tolist()
    return row


def test_concepts_hold_across_languages() -> None:
    lexicon = Lexicon(Concepts({"subscribe": "abonn* subscri* подпис*", "readalso": "lire_aussi read_also"}))
    for text in ("Abonnez-vous", "Subscribe now", "Подпишитесь и подписка"):
        assert dense(text, lexicon)[0] == 1
    assert dense("À lire aussi : la suite", lexicon)[1] == 1
    assert dense("Er las auch das Buch", lexicon)[:2] == [0, 0]


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("Von Anna Beispiel", {"words_2_3", "title_case", "names_only", "short_no_end", "end_none"}),
        ("Nur noch heute: 20 % auf alles!", {"early_colon", "percent", "digits", "end_exclamation", "words_4_7"}),
        ("HAMBURG (dpa) - Der Rat tagt.", {"dateline", "caps_word_first", "end_period"}),
        ("„Wer zahlt?“, fragte sie.", {"starts_quote", "quotes", "question_inside", "end_period"}),
        ("»", {"words_1"}),
    ],
)
def test_shapes(text: str, shapes: set[str]) -> None:
    row = dense(text, Lexicon(Concepts({})))
    assert shapes <= {name for name, value in zip(SHAPES, row, strict=True) if value}


def test_features_of_a_unit_depend_on_nothing_around_it() -> None:
    lexicon = Lexicon(Concepts({"subscribe": "abonn*"}))
    text = "Abonnez-vous !\n数字が増えた。\nสภาเมืองตัดสินใจ\n***\nFoto: A. B."
    units = split_units(text)
    whole = lexicon.features(text, units)
    for row, (unit, columns) in enumerate(zip(units, np.split(whole.columns, whole.starts[1:]), strict=True)):
        part = text[unit.start : unit.end]
        alone = Lexicon(Concepts({"subscribe": "abonn*"})).features(part, [Unit(0, len(part), 0)])
        assert sorted(columns.tolist()) == sorted(alone.columns.tolist())
        assert whole.dense[row].tolist() == alone.dense[0].tolist()


def test_a_kind_below_its_threshold_gives_way_to_the_next() -> None:
    def row(**chances: float) -> list[float]:
        return [chances.get(name, 0.0) for name in KINDS]

    rows = np.array(
        [
            row(content=0.02, ad=0.95, newsletter=0.03),
            row(content=0.02, ad=0.58, newsletter=0.40),
            row(content=0.60, ad=0.40),
        ]
    )
    thresholds = np.zeros(len(KINDS))
    thresholds[0], thresholds[KINDS.index("ad")] = 1.0, 0.9
    assert [KINDS[number] for number in decide(rows, rows, thresholds)] == ["ad", "newsletter", "content"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Ein Satz. Noch einer! Und wer? Niemand.", 4),
        ("Am 26. September kam Dr. Meier um ca. 9 Uhr nach St. Gallen. Dann ging er.", 2),
        ("„Ist das so?“ Sie nickte.", 2),
        ("他们来了。然后走了。", 2),
        ("Kein Punkt", 1),
    ],
)
def test_units(text: str, count: int) -> None:
    assert len(split_units(text)) == count


def test_the_card_has_the_numbers_of_this_model() -> None:
    from importlib.resources import files

    card = json.loads(files("pipeline.language").joinpath("boilerplate.json").read_bytes())
    assert set(KINDS[1:]) < set(card["kinds"])
    assert card["kinds"]["boilerplate"]["precision"] >= 0.95
    model = BoilerplateModel.load()
    for name, number in (("evidence", 0), ("ad", KINDS.index("ad")), ("teaser", KINDS.index("teaser"))):
        assert card["thresholds"][name] == pytest.approx(float(model.thresholds[number]), abs=0.006)
    assert card["data"]
