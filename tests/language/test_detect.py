"""Language detection: short and long texts, hints, confusable languages, mixed articles, scripts."""

from pathlib import Path

import pytest

from pipeline.language.confusables import by_words, chinese, south_slavic, unknown_to_model
from pipeline.language.detect import Detector, read_calibration
from pipeline.language.langid import RENAMED, shared_language_model
from pipeline.language.romanised import romanised

GERMAN = "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu erneuern. "
FRENCH = "Le conseil municipal a décidé lundi de rénover le vieux pont qui traverse la rivière. "
ENGLISH = "The city council decided on Monday to renew the old bridge across the river. "


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(shared_language_model(), read_calibration())


@pytest.mark.parametrize(
    ("code", "script", "text"),
    [
        ("de", "Latn", GERMAN),
        ("fr", "Latn", FRENCH),
        ("en", "Latn", ENGLISH),
        ("es", "Latn", "El ayuntamiento decidió el lunes renovar el viejo puente que cruza el río."),
        ("it", "Latn", "Il consiglio comunale ha deciso lunedì di rinnovare il vecchio ponte sul fiume."),
        ("nl", "Latn", "De gemeenteraad heeft maandag besloten de oude brug over de rivier te vernieuwen."),
        ("pt", "Latn", "A câmara municipal decidiu na segunda-feira renovar a velha ponte sobre o rio."),
        ("pl", "Latn", "Rada miasta zdecydowała w poniedziałek o odnowieniu starego mostu na rzece."),
        ("sv", "Latn", "Kommunfullmäktige beslutade på måndagen att rusta upp den gamla bron över ån."),
        ("nb", "Latn", "Kommunestyret vedtok mandag å ruste opp den gamle broen over elva."),
        ("da", "Latn", "Byrådet besluttede mandag at renovere den gamle bro over åen."),
        ("ro", "Latn", "Consiliul local a decis luni să renoveze vechiul pod de peste râu."),
        ("tr", "Latn", "Belediye meclisi pazartesi günü nehrin üzerindeki eski köprüyü yenilemeye karar verdi."),
        ("ru", "Cyrl", "Городской совет в понедельник решил отремонтировать старый мост через реку."),
        ("uk", "Cyrl", "Міська рада в понеділок вирішила відремонтувати старий міст через річку."),
        ("el", "Grek", "Το δημοτικό συμβούλιο αποφάσισε τη Δευτέρα να ανακαινίσει την παλιά γέφυρα."),
        ("ar", "Arab", "قرر المجلس البلدي يوم الاثنين تجديد الجسر القديم فوق النهر."),
        ("he", "Hebr", "מועצת העיר החליטה ביום שני לחדש את הגשר הישן מעל הנהר."),
        ("ja", "Jpan", "市議会は月曜日、川にかかる古い橋を改修することを決めた。"),
        ("ko", "Kore", "시의회는 월요일 강을 가로지르는 오래된 다리를 보수하기로 결정했다."),
        ("zh", "Hans", "市议会周一决定翻修横跨河流的旧桥，这项工程将在明年开始。"),
        ("zh", "Hant", "市議會週一決定翻修橫跨河流的舊橋，這項工程將在明年開始。"),
        ("hi", "Deva", "नगर परिषद ने सोमवार को नदी पर बने पुराने पुल की मरम्मत का फैसला किया।"),
        ("th", "Thai", "สภาเมืองตัดสินใจเมื่อวันจันทร์ที่จะปรับปรุงสะพานเก่าข้ามแม่น้ำ"),
    ],
)
def test_one_sentence_is_enough(detector: Detector, code: str, script: str, text: str) -> None:
    found = detector.detect(text)
    assert (found.code, found.script) == (code, script)
    assert found.confidence > 0.6
    assert found.others == ()


@pytest.mark.parametrize("text", ["", "12.03.2026 – 14:05", "§ 5 %", "😀😀", "https://a.example/b"])
def test_without_letters_there_is_no_language(detector: Detector, text: str) -> None:
    found = detector.detect(text)
    assert (found.code, found.script, found.confidence) == ("und", "Zyyy", 0.0)


def test_too_little_to_say_is_und_with_a_low_confidence(detector: Detector) -> None:
    found = detector.detect("Xq Zvb")
    assert found.confidence < 0.6
    assert found.code == "und" or found.confidence >= read_calibration().threshold


def test_shouted_headlines(detector: Detector) -> None:
    assert detector.detect(GERMAN.upper()).code == "de"
    assert detector.detect("CITY COUNCIL DECIDES TO RENEW THE OLD BRIDGE").code == "en"
    assert detector.detect("ГОРОДСКОЙ СОВЕТ РЕШИЛ ОТРЕМОНТИРОВАТЬ СТАРЫЙ МОСТ").code == "ru"


@pytest.mark.parametrize("hint", ["da", "da-DK", "DA", "da_DK.UTF-8"])
def test_a_hint_decides_what_the_text_leaves_open(detector: Detector, hint: str) -> None:
    """`Ny bro over åen` is Danish or Norwegian."""
    text = "Ny bro over Storelva"
    assert detector.detect(text, hint=hint).code == "da"
    assert detector.detect(text, hint="no").code == "nb"


@pytest.mark.parametrize("hint", ["fr", "xx", "", "klingon", "zh"])
def test_a_wrong_hint_does_not_overrule_a_text(detector: Detector, hint: str) -> None:
    assert detector.detect(GERMAN * 3, hint=hint).code == "de"
    assert detector.detect(GERMAN, hint=hint).code == "de"


def test_a_mixed_article_names_the_other_language_and_its_share(detector: Detector) -> None:
    text = "\n\n".join([GERMAN * 3] * 4 + [FRENCH * 3] * 2)
    found = detector.detect(text)
    assert found.code == "de"
    assert [other.code for other in found.others] == ["fr"]
    assert 0.25 < found.others[0].share < 0.42


def test_a_foreign_quotation_makes_no_mixed_article(detector: Detector) -> None:
    text = "\n\n".join([GERMAN * 3] * 6 + [f"Der Sprecher sagte: „{ENGLISH}“"])
    assert detector.detect(text).others == ()


def test_a_long_text_is_judged_by_pieces(detector: Detector) -> None:
    found = detector.detect(GERMAN * 5_000)
    assert (found.code, found.others) == ("de", ())
    assert found.confidence > 0.95


def test_our_arithmetic_is_py3langids() -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    theirs = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model = shared_language_model()
    for text in (GERMAN, FRENCH, "Привет, мир", "市议会周一决定", "Ny bro over åen"):
        code, confidence = theirs.classify(text)
        row = model.probabilities([text.encode()])[-1]
        assert model.languages[int(row.argmax())] == RENAMED.get(code, code)
        assert float(row.max()) == pytest.approx(confidence, abs=2e-3)
        assert float(row.sum()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "sr",
            "Predsednik opštine je posle sednice rekao da će nova deonica puta biti otvorena pre leta. Cena je, prema "
            "izveštaju, dva puta veća nego prethodne nedelje, a svet to vidi.",
        ),
        (
            "hr",
            "Predsjednik općine je nakon sjednice rekao da će nova dionica ceste biti otvorena prije ljeta. Tvrtka iz "
            "Europe u priopćenju navodi da je tisuću vlakova prošli tjedan kasnilo.",
        ),
        (
            "bs",
            "Predsjednik općine je nakon sjednice kazao da će nova dionica puta biti otvorena prije ljeta. Kompanija "
            "iz Evrope u saopćenju navodi da je hiljadu vozova prošle sedmice kasnilo, a uposlenici čekaju.",
        ),
    ],
)
def test_words_that_only_one_south_slavic_language_has(detector: Detector, code: str, text: str) -> None:
    assert detector.detect(text).code == code


def test_south_slavic_probabilities_keep_their_sum() -> None:
    chances = {"bs": 0.5, "hr": 0.3, "sr": 0.1}
    settled = south_slavic("tjedan tisuća", chances)
    assert sum(settled.values()) == pytest.approx(0.9)
    assert max(settled, key=lambda code: settled[code]) == "hr"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("id", "Polisi mengatakan gubernur tidak bisa hadir karena sakit, dan dinas membayar uang itu pada Jumat."),
        ("ms", "Polis berkata beliau tidak dapat hadir kerana sakit, manakala syarikat membayar wang itu Jumaat."),
        ("nb", "Kommunen sier at de ikke vet hvor mye broen vil koste, men noen mener det blir mer enn i fjor."),
        ("nn", "Kommunen seier at dei ikkje veit kva brua vil koste, men nokon meiner det vart meir enn i fjor."),
        ("da", "Kommunen siger, at den ikke ved, hvad broen vil koste, men nogen mener, det bliver meget mere."),
        ("tn", "Kgosi o ne a raya batho botlhe gore ba tsamaye ba ye kwa motseng go thusa bana ba gagwe."),
        ("ts", "Mfumo wu vule leswaku vanhu hinkwavo va fanele ku ya eka tindhawu leswi hi ku hatlisa va rindza."),
        ("mi", "Kua tae mai te kaiwhakahaere ki te hui ki te kōrero mō ngā take o te tau i ngā tāngata o te rohe."),
    ],
)  # fmt: skip
def test_close_languages_and_those_that_the_model_does_not_know(detector: Detector, code: str, text: str) -> None:
    assert detector.detect(text).code == code


def test_words_share_out_what_the_model_gave_their_group() -> None:
    settled = by_words("ikkje frå nokon", {"da": 0.3, "nb": 0.5, "nn": 0.1})
    assert sum(settled.values()) == pytest.approx(0.9)
    assert max(settled, key=lambda code: settled[code]) == "nn"


@pytest.mark.parametrize("text", ["", "5", GERMAN, FRENCH, "Ukuthi abantu bonke bahambe ekhaya ngoba kukhona ingozi."])
def test_rules_for_unknown_languages_leave_others_alone(text: str) -> None:
    assert unknown_to_model(text, "zu", 0.5) is None


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ru", "Gorodskoy sovet v ponedelnik prinyal reshenie o stroitelstve novogo mosta cherez reku."),
        ("uk", "Miska rada u ponedilok ukhvalyla rishennya pro budivnytstvo novoho mostu cherez richku."),
        ("el", "To dimotiko symvoulio apofasise tin deftera tin kataskevi tis neas gefyras sto potami."),
        ("ru", "GORODSKOY SOVET PRINYAL RESHENIE O STROITELSTVE NOVOGO MOSTA CHEREZ REKU"),
    ],
)
def test_transcripts_in_latin_letters(detector: Detector, code: str, text: str) -> None:
    found = detector.detect(text)
    assert (found.code, found.script) == (code, "Latn")
    assert 0.5 < found.confidence < 0.97


@pytest.mark.parametrize(
    "text", ["", "1 2", "na", GERMAN, ENGLISH, FRENCH, "Predsednik je rekao da će most biti gotov do leta."]
)
def test_what_is_no_transcript(text: str) -> None:
    assert romanised(text) is None


def test_written_cantonese_is_not_mandarin() -> None:
    assert chinese("佢哋琴日喺度食咗飯，今日唔會嚟喇", "zh") == ("yue", "Hant")
    assert chinese("他们昨天在这里吃了饭，今天不会来了", "zh") == ("zh", "Hans")


@pytest.mark.data
def test_accuracy_on_real_sentences(detector: Detector, data_dir: Path) -> None:
    """The languages that the events stage is trained in; `python -m training.evaluate_language` has all of them."""
    for code in ("de", "en", "fr", "es", "it", "nl", "pt", "pl", "sv", "ro", "ru"):
        lines = (data_dir / "language" / f"{code}.txt").read_text(encoding="utf-8").splitlines()[1::2]
        right = sum(detector.detect(line).code == code for line in lines)
        assert right / len(lines) >= 0.95, code
