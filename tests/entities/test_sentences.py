"""Sentences: hard cases written by hand (a bar is a boundary), and what holds for any text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.entities.sentences import split_sentences

CASES = [
    ("de", "Am 26. September stieg der Kurs.|Danach fiel er wieder."),
    ("de", "Das kostet 53 Mrd. Dollar.|Die Firma zahlt in bar."),
    ("de", "Die Kosten liegen bei 53 Mrd.|Die Firma zahlt sie."),
    ("de", "Es geht z. B. um Nr. 5.|Dr. Müller kam mit Prof. Dr. Schmidt."),
    ("de", "Im 19. Jahrhundert war alles anders.|Heute nicht."),
    ("de", "„Das ist gut.“|Er ging."),
    ("de", "„Kommt er?“, fragte sie.|„Nein“, sagte er."),
    ("de", "»Wir gehen.«|Danach schwieg er."),
    ("de", "Zum Ende des 3. Quartals stieg der Umsatz um 2,5 Prozent.|Analysten hatten mehr erwartet."),
    ("de", "Der Dax (plus 2,3 Prozent) schloss bei 26.000.|Das war viel."),
    ("de", "Sie handelt mit Öl, Gas usw.|Die Aktie stieg."),
    ("de", "Siehe Abs. 3 der Verordnung.|So steht es dort."),
    ("de", "Bis zum 31.12. wird verhandelt.|Dann ist Schluss."),
    ("de", "Gewinn steigt\nDer Konzern verdient mehr.|Das teilte er mit."),
    ("de", "Er heißt J. P. Morgan.|Sie heißt anders."),
    ("en", "Mr. Smith met Dr. Jones.|They talked."),
    ("en", "The U.S. Treasury said no.|It will wait."),
    ("en", "He works at Apple Inc. in Cupertino.|She does not."),
    ("en", "She joined Apple Inc.|The company grew."),
    ("en", "J. K. Rowling wrote it.|George W. Bush read it."),
    ("en", "“Stop!” he said.|“We can't go on.”|She agreed."),
    ("en", "Wait... what?|Yes."),
    ("en", "It rose 3.5 percent to $1.5bn.|Revenue fell."),
    ("en", "The meeting is at 5 p.m. Eastern time.|Bring No. 5."),
    ("en", "Yahoo! announced results.|They were good (see p. 4).|Fine."),
    ("en", "iPhone sales fell.|iPad sales rose."),
    ("en", "- First item\n- Second item.|Still second"),
    ("en", "Prices fell in the U.S.|The dollar rose."),
    ("en", "Oil, gas, etc. were sold.|Shares rose."),
    ("en", "Ford Motor Co. Chief Executive Jim Farley left.|Nobody knew why."),
    ("fr", "M. Dupont est venu.|Il est reparti."),
    ("fr", "« C'est bien. »|Il est parti."),
    ("fr", "« Non ! » a-t-il dit.|Elle aussi."),
    ("fr", "L'article n° 5 ne dit rien.|L'entreprise non plus."),
    ("fr", "J.-P. Dupont dirige la société.|Mme Durand la quitte."),
    ("es", "EE. UU. ganó.|México perdió."),
    ("es", "El Sr. Pérez dijo que no.|¿Qué dijo?|¡Nada!"),
    ("es", "La Dra. Ruiz vive en la Avda. Central.|Trabaja allí."),
    ("es", "Viajó a EE. UU.|La empresa lo confirmó."),
    ("it", "Il sig. Rossi è venuto.|Poi è andato."),
    ("it", "«Va bene.»|L'on. Bianchi ha votato."),
    ("it", "La Rossi S.p.A. ha vinto.|Costa 5 mln. di euro."),
    ("nl", "Dhr. Jansen kwam.|Het bedrijf, d.w.z. Philips, groeit."),
    ("pt", "O Sr. Silva chegou.|A Dra. Costa saiu."),
    ("pl", "Spółka zarobiła 5 mld zł.|Prof. Kowalski to potwierdza."),
    ("pl", "Firma, np. Orlen, rośnie.|Koszt to 3 tys. zł."),
    ("sv", "Bolaget, t.ex. Volvo, växer.|Det kostar 5 milj. kronor."),
    ("da", "Den 26. september kom han.|Det kostede 5 mio. kr.|Han gik."),
    ("da", "1. Lederen går.|2. Han kommer."),
    ("fr", "Selon les articles L. 132-19 et suivants.|Fin."),
    ("fi", "Hinta oli 5 milj. euroa.|Se nousi 3. huhtikuuta."),
    ("ro", "Dl. Popescu a venit.|El a plecat."),
    ("ru", "И. И. Иванов пришёл.|Выручка составила 5 млрд руб.|В Москве ждут."),
    ("ru", "«Да», — сказал он.|Это т. е. правда."),
    ("cs", "Dne 5. května přijel.|Firma, např. Škoda, roste."),
    ("hu", "A 3. negyedévben nőtt.|Dr. Kovács szerint jó."),
    ("zh", "“我们很好。”|他说。|公司今天宣布！|是吗？"),
    ("ja", "今日は晴れ。|明日は「そうです。」と言った。|次。"),
    ("hi", "यह है।|वह है।"),
    ("ar", "هذا هو.|من هو؟|نعم."),
    ("ko", "알리바바가 발표했다.|회사는 말했다."),
    ("th", "บริษัทประกาศผลประกอบการ"),
    ("und", "Abc def.|Ghi jkl."),
]


@pytest.mark.parametrize(("language", "marked"), CASES, ids=[f"{code}-{text[:24]}" for code, text in CASES])
def test_hard_cases(language: str, marked: str) -> None:
    expected = [part for line in marked.split("\n") for part in line.split("|")]
    text = marked.replace("|", "" if language in {"zh", "ja"} else " ")
    assert [text[start:end] for start, end in split_sentences(text, language)] == expected


pieces = st.sampled_from(
    ["Dr. ", "z. B. ", "A. ", "26. ", "Der Kurs ", "\n", "“", "”", "« ", " »", "! ", "... ", "好。", "\r\n"]
)
texts = st.one_of(st.text(st.characters()), st.lists(st.one_of(pieces, st.text(max_size=5))).map("".join))


@settings(deadline=None)  # a busy machine is no failure
@given(texts, st.sampled_from(["de", "en", "fr", "es", "it", "zh", "ja", "th", "ru", "und", "xx", "", "no such"]))
def test_spans_cover_all_but_white_space_in_order(text: str, language: str) -> None:
    spans = split_sentences(text, language)
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert not text[last:start].strip()
        assert text[start:end] == text[start:end].strip()
        last = end
    assert not text[last:].strip()
    assert split_sentences(text, language) == spans


@settings(deadline=None)  # a busy machine is no failure
@given(st.characters(categories=["Cs"]))
def test_lone_surrogates_are_text(char: str) -> None:
    assert split_sentences(f"A{char}b. C", "en") == [(0, 4), (5, 6)]


@pytest.mark.parametrize("language", ["de", "it", "zh"])
@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "The cat sat on Mr. Smith. It rained 3.5 times. " * 4_000, '"' * 200_000, "." + " " * 200_000],
    ids=["one word", "prose", "quotes", "blanks"],
)
def test_time_is_linear(text: str, language: str) -> None:
    """sentencex alone needs a minute for a megabyte of Italian; twice the text must not take four times as long."""
    started = time.process_time()
    split_sentences(text, language)
    half = time.process_time() - started
    split_sentences(text + text, language)
    assert time.process_time() - started - half < 3.2 * half + 0.2
