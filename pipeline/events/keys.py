"""What an event is called: its id within its article, and the key that it shares with the same event elsewhere."""

import hashlib
from collections.abc import Sequence

from pipeline.events.taxonomy import EventType
from pipeline.events.words import fold
from pipeline.records import Participant

ID_CHARACTERS = 32  # of the SHA-256's 64
LEADING = 2  # filled roles that tell one event of a type and a day from another


def primary(kind: EventType, participants: Sequence[Participant]) -> Participant | None:
    """The first participant of the first role, in the type's order, that is filled with an entity."""
    for role in kind.roles:
        for participant in participants:
            if participant.role == role and participant.entity_id:
                return participant
    return None


def event_id(article_id: str, kind: EventType, trigger: str, participants: Sequence[Participant], ordinal: int) -> str:
    """The same for the same article, type, trigger words and participants, wherever they stand in the text.

    `ordinal` counts the events of an article that are equal in all of these.
    """
    who = sorted(f"{participant.role}={_name(participant)}" for participant in participants)
    parts = [article_id, kind.name, fold(trigger), *who]
    if ordinal:
        parts.append(str(ordinal))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:ID_CHARACTERS]


def similarity_key(kind: EventType, participants: Sequence[Participant], day: str | None) -> str:
    """`type|participants|day`, readable. Participants: the entity ids (sorted) of the first `LEADING` roles that are
    filled with entities: the bank and the company that it rates. Without any entity: the first participant's words.
    """
    filled = [role for role in kind.roles if any(p.role == role and p.entity_id for p in participants)]
    names = sorted({p.entity_id for p in participants if p.entity_id and p.role in filled[:LEADING]})
    if not names:
        names = [fold(participant.text) for participant in participants[:1]]
    return "|".join([kind.name, "+".join(names), day or ""])


def _name(participant: Participant) -> str:
    return participant.entity_id or fold(participant.text)
