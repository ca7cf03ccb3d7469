from training import labels
from training.ner_corpora import allowed


def names(bits: int) -> set[str]:
    return {label for i, label in enumerate(labels.ENTITY_LABELS) if bits >> i & 1}


def test_the_models_columns() -> None:
    assert len(labels.ENTITY_LABELS) == 11
    assert len(labels.event_types()) == 53
    assert len(set(labels.roles())) == len(labels.roles()) == 58


def test_a_class_allows_itself_only() -> None:
    assert [names(bits) for bits in allowed("B", "PER")] == [{"B-PER"}, {"I-PER"}]
    assert [names(bits) for bits in allowed("I", "ORG")] == [{"I-ORG"}, {"I-ORG"}]


def test_where_misc_is_not_annotated_a_word_outside_may_be_one() -> None:
    first, rest = (names(bits) for bits in allowed("", "OPEN"))
    assert first == {"O", "B-MISC", "I-MISC", "B-PRODUCT", "I-PRODUCT"}
    assert rest == {"O", "I-MISC", "I-PRODUCT"}
    assert [names(bits) for bits in allowed("", "O")] == [{"O"}, {"O"}]


def test_unknown_words_are_not_trained() -> None:
    assert allowed("", "SKIP") == (0, 0)
