"""Names that mean more than one thing: each in at least two contexts. An ambiguous one gets no id."""

import pytest

from pipeline.entities.links import Links, shared_links

TRAPS = [
    # name, label, language, text around it, id or None
    ("Apple", "ORG", "en", "Apple unveiled a new iPhone in Cupertino.", "ew:org/apple"),
    ("Apple", "MISC", "en", "An apple a day: Apple harvest begins in Kent.", None),
    ("Apple", "LOC", "en", "They live in Apple Valley.", None),
    ("Meta", "ORG", "en", "Meta, the owner of Instagram, cut jobs.", "ew:org/meta-platforms"),
    ("Meta", "ORG", "es", "La meta del equipo es ganar. Meta Volante organiza la carrera.", None),
    ("Meta", "LOC", "es", "El departamento del Meta, en Colombia, sufrió inundaciones.", None),
    ("Visa", "ORG", "en", "Visa and Mastercard raised credit card fees.", "ew:org/visa"),
    ("Visa", "ORG", "en", "Visa applications at the embassy doubled.", None),
    ("Visa", "MISC", "de", "Das Visa kostet 60 Euro, sagt die Botschaft.", None),
    ("Target", "ORG", "en", "The Target of the attack was a bridge.", None),
    ("Target", "MISC", "en", "The ECB's Target system settles payments.", None),
    ("Orange", "ORG", "fr", "Orange, l'opérateur télécoms, gagne des abonnés à la fibre.", "ew:org/orange"),
    ("Orange", "LOC", "fr", "Le festival d'Orange attire les foules.", None),
    ("Orange", "ORG", "en", "The Orange order marched in Belfast.", None),
    ("Ford", "ORG", "en", "Ford recalls 100,000 pickup trucks, the carmaker said in Dearborn.", "ew:org/ford"),
    ("Ford", "PER", "en", "Ford pardoned Nixon in 1974.", None),
    ("Ford", "LOC", "en", "Two hikers crossed the river at Ford.", None),
    ("Merck & Co.", "ORG", "en", "Merck & Co. sells Keytruda.", "ew:org/merck-co"),
    ("Merck KGaA", "ORG", "de", "Merck KGaA aus Darmstadt wächst.", "ew:org/merck-kgaa"),
    ("Merck", "ORG", "de", "Merck aus Darmstadt hebt die Prognose an.", "ew:org/merck-kgaa"),
    ("Merck", "ORG", "en", "Merck, the maker of Keytruda, rose.", "ew:org/merck-co"),
    ("Merck", "ORG", "en", "Merck fell 2%.", None),
    ("Merck", "ORG", "en", "Merck of Darmstadt is not Merck, the maker of Keytruda.", None),
    ("Siemens", "ORG", "de", "Siemens baut Züge.", "ew:org/siemens"),
    ("Siemens Energy", "ORG", "de", "Siemens Energy baut Turbinen.", "ew:org/siemens-energy"),
    ("Siemens", "PER", "de", "Werner von Siemens erfand den Dynamo.", None),
    ("Georgia", "LOC", "en", "Voters in Atlanta, Georgia, went to the polls.", None),
    ("Georgia", "LOC", "en", "Protests went on in Tbilisi, the capital of Georgia.", "ew:country/GE"),
    ("Georgia", "PER", "en", "Georgia won the final in two sets.", None),
    ("Victoria", "LOC", "en", "Bushfires burn in Victoria, north of Melbourne.", None),
    ("Victoria", "PER", "en", "Queen Victoria reigned for 63 years.", None),
    ("May Street", "LOC", "en", "A fire broke out in May Street.", None),
    ("May", "PER", "en", "May resigned as prime minister.", None),
    ("Amazon", "LOC", "en", "Fires burn along the Amazon in Brazil.", None),
    ("Amazon", "ORG", "en", "Amazon said Prime members buy more online.", "ew:org/amazon"),
    ("Shell", "MISC", "en", "A shell hit the school.", None),
    ("Jordan", "PER", "en", "Jordan scored 40 points for Chicago.", None),
    ("Jordan", "LOC", "en", "The king spoke in Amman, the capital of Jordan.", "ew:country/JO"),
    ("Turkey", "MISC", "en", "Families eat turkey in November.", None),
    ("Chad", "PER", "en", "Chad Smith plays the drums.", None),
]


@pytest.fixture(scope="module")
def links() -> Links:
    return shared_links()


@pytest.mark.parametrize(("name", "label", "language", "text", "entity_id"), TRAPS)
def test_trap(links: Links, name: str, label: str, language: str, text: str, entity_id: str | None) -> None:
    found = links.find(name, label, language, text.lower())
    assert (found.entity_id if found else None) == entity_id


def test_every_name_has_two_contexts_at_least() -> None:
    names = ["Apple", "Meta", "Visa", "Target", "Orange", "Ford", "Merck", "Siemens", "Georgia", "Victoria", "May"]
    for name in names:
        assert sum(row[0].startswith(name) for row in TRAPS) >= 2, name
