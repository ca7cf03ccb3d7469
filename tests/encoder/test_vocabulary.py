import time
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.encoder.vocabulary import UNKNOWN, Vocabulary

NEWS = (
    "Börse: Siemens-Aktie +3,2 %\n\n„Der Kurs stieg“, sagte M. Dupont.\tL’Oréal äußert sich nicht.\u00a0"
    "中国经济 2025年 Привет"
)
TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from(list(NEWS)), max_size=200)


def whole(vocabulary: Vocabulary, text: str) -> list[str]:
    cut = vocabulary.cut(text, [(0, len(text))], limit=10_000)
    return [text[start:end] for start, end in cut.spans if end > start]


def test_pieces_of_news_are_the_text_without_its_white_space(vocabulary: Vocabulary) -> None:
    assert "".join(whole(vocabulary, NEWS)) == "".join(NEWS.split())


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_spans_are_in_order_inside_the_text_and_without_white_space(vocabulary: Vocabulary, text: str) -> None:
    cut = vocabulary.cut(text, [(0, len(text))], limit=10_000)
    last = 0
    for start, end in cut.spans.tolist():
        assert last <= start <= end <= len(text) or unicodedata.normalize("NFKC", text) != text
        assert 0 <= start <= end <= len(text)
        piece = text[start:end]
        assert piece == piece.strip() or not piece.isprintable()
        last = max(last, end)


def test_a_sentence_is_cut_the_same_wherever_it_stands(vocabulary: Vocabulary) -> None:
    alone = vocabulary.cut("Der Kurs stieg.", [(0, 15)], limit=100).ids.tolist()
    among = vocabulary.cut("Hallo!\nDer Kurs stieg. Und fiel.", [(0, 6), (7, 22), (23, 32)], limit=100)
    start = among.lengths[0]
    assert among.ids[start : start + among.lengths[1]].tolist() == alone


def test_line_breaks_are_spaces(vocabulary: Vocabulary) -> None:
    hard = vocabulary.cut("Der\nKurs\r\nstieg", [(0, 15)], limit=100)
    soft = vocabulary.cut("Der Kurs  stieg", [(0, 15)], limit=100)
    assert hard.ids.tolist() == soft.ids.tolist()
    assert UNKNOWN not in hard.ids


def test_lone_surrogates_and_nuls_are_read(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.cut("a\ud800b\0c", [(0, 5)], limit=100).ids) > 0


def test_the_limit_holds_and_time_is_linear(vocabulary: Vocabulary) -> None:
    def seconds(size: int) -> float:
        start = time.perf_counter()
        cut = vocabulary.cut("a" * size, [(0, size)], limit=100_000)
        assert len(cut.ids) <= 100_000
        return time.perf_counter() - start

    seconds(1000)
    assert seconds(400_000) < 40 * seconds(40_000) + 0.5
    assert vocabulary.cut("a b " * 1000, [(0, 2000), (2000, 4000)], limit=10).lengths == [10, 0]
