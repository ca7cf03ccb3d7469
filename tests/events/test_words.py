import pytest

from pipeline.events.words import fold, grow, inner_questions, is_question, is_wish, trim


@pytest.mark.parametrize(
    ("text", "piece", "word"),
    [
        ("der Ifo-Index fällt", "Ind", "Ifo-Index"),
        ("Warnstreiks", "streik", "Warnstreiks"),
        ("l'Italie", "Ital", "Italie"),
        ("(Kurs)", "Ku", "Kurs"),
        ("सरकार ने", "सर", "सरकार"),  # vowel signs belong to the word
        ("東京電力が買収した", "買収", "買収"),  # no spaces: nothing to grow to
        ("- 5", "5", "5"),
    ],
)
def test_pieces_grow_to_words(text: str, piece: str, word: str) -> None:
    start = text.index(piece)
    span = grow(text, (start, start + len(piece)), (0, len(text)))
    assert text[slice(*span)] == word


def test_growing_stays_in_the_sentence() -> None:
    assert grow("abcdef", (2, 3), (1, 5)) == (1, 5)


@pytest.mark.parametrize(
    ("text", "kept"), [(" «Siemens», ", "Siemens"), ("(5 %)", "5 %)"), ("—", ""), ("$5.", "$5"), ("-3,2%", "-3,2%")]
)
def test_trim(text: str, kept: str) -> None:
    assert text[slice(*trim(text, (0, len(text))))] == kept


@pytest.mark.parametrize(
    ("text", "language", "question"),
    [
        ("Sollten Anleger sofort verkaufen?", "de", True),
        ("„Sollten Anleger verkaufen?“", "de", True),
        ("¿Comprar o vender?", "es", True),
        ("Buy now?!", "en", True),
        ("买还是卖？", "zh", True),
        ("هل تشتري؟", "ar", True),
        ("Να πουλήσω;", "el", True),
        ("He sold; she bought;", "en", False),
        ("Siemens bought Alstom.", "en", False),
        ("", "en", False),
        ("“Will they merge?” he asked.", "en", False),
    ],
)
def test_questions(text: str, language: str, question: bool) -> None:
    assert is_question(text, (0, len(text)), language) is question


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("“Will they merge?” he asked.", ["Will they merge?"]),
        ("He said: will they merge? Nobody knew.", [" will they merge?"]),
        ("See example.org/?page=2 for more.", []),
        ("See https://www.example.org:80/a/b?page=2 for more.", []),
        ("Does Siemens buy Alstom?Read more.", ["Does Siemens buy Alstom?"]),  # pages lose the space
        ("Did it earn 2.5?Read more.", ["Did it earn 2.5?"]),
        (
            "“Will Siemens buy Alstom for 2.5 billion at 10:30?” he asked.",
            ["Will Siemens buy Alstom for 2.5 billion at 10:30?"],
        ),
        ("“Will Apple Inc. buy Tesla?” he asked.", ["Will Apple Inc. buy Tesla?"]),
        ("It rose. Will it fall? Nobody knew.", [" Will it fall?"]),
        ("It rose! ¿Bajará? No.", ["Bajará?"]),
        ("No question.", []),
    ],
)
def test_questions_inside(text: str, inside: list[str]) -> None:
    assert [text[slice(*span)] for span in inner_questions(text, (0, len(text)), "en")] == inside


def test_fold() -> None:
    assert fold("  L’Oréal-GROUPE ") == "l oréal groupe"
    assert fold("ＡＢＣ") == "abc"


@pytest.mark.parametrize(
    ("language", "text", "wish"),
    [
        ("en", "Cities ought to ban scooters, a reader from Kent wrote.", True),
        ("en", "The merger should be completed by March, the firm said.", False),
        ("en", "A reader wrote that the price should fall.", False),
        ("de", "Die Stadt sollte Roller verbieten, findet Anna Roth.", True),
        ("de", "Die Anlage sollte im Mai öffnen, teilte die Firma mit.", False),
        ("fr", "La ville devrait les interdire, estime une lectrice.", True),
        ("it", "La città dovrebbe vietarli, scrive un lettore.", True),
        ("fi", "Cities ought to ban scooters, a reader wrote.", False),
    ],
)
def test_a_wish_is_no_report(language: str, text: str, wish: bool) -> None:
    assert is_wish(text, (0, len(text)), language) is wish


def test_a_hostile_sentence_is_no_trouble() -> None:
    text = "should " * 50_000 + "," * 50_000
    assert not is_wish(text, (0, len(text)), "en")
