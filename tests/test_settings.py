import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("LOGLEVEL", "info", "EVENTWIRE_LOGLEVEL is set.*EVENTWIRE_LOG_LEVEL"),
        ("WORKERS", "two", "not a whole number"),
        ("WORKERS", "-3", "EVENTWIRE_WORKERS=-3 is too small: 0 is the least"),  # waited for ever
        ("BATCH", "0", "EVENTWIRE_BATCH=0 is too small"),
        ("DOCUMENT_SECONDS", "-1", "EVENTWIRE_DOCUMENT_SECONDS=-1 must be a number above 0"),
        ("DOCUMENT_SECONDS", "nan", "must be a number above 0"),
        ("STALL_SECONDS", "inf", "must be a number above 0"),
        ("METRICS_PORT", "70000", "65535 is the largest"),
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error_at_once(variable: str, value: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_settings({f"EVENTWIRE_{variable}": value})


def test_an_option_stands_in_for_a_variable() -> None:
    assert load_settings({"EVENTWIRE_BATCH": "4", "OTHER": "x"}, workers=2) == Settings(batch=4, workers=2)


def test_no_way_of_printing_settings_shows_the_password() -> None:
    settings = Settings(sasl_username="anna", sasl_password="geheim")
    assert "anna" in repr(settings)
    assert not any("geheim" in text for text in (repr(settings), str(settings), str(settings.describe())))
