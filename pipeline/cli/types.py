"""`eventwire types`: event types of the users' own, each learned from about ten sentences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.events.own import OwnType
    from pipeline.events.own_fit import Fitted

app = typer.Typer(
    help="Event types of your own, each from a YAML file with about ten sentences; docs/own-types.md says how.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Types = Annotated[Path | None, typer.Option("--types", help="Folder of your types instead of EVENTWIRE_TYPES.")]
Model = Annotated[Path | None, typer.Option(help="Folder of the model to use instead of the shipped one.")]
_SHOWN = 88  # characters of a sentence


@app.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Definitions, one type each.")],
    types: Types = None,
    model: Model = None,
) -> None:
    """Learn types from their files and keep them in the folder, in place of older ones of their names.

    What `eventwire run`, `worker` and `explain` find from then on includes them, in all languages. Run it again for
    the whole folder after the model has changed.

    \b
    Examples:
      eventwire types add award.yaml --types types/
      eventwire types add types/*.yaml --types types/
    """
    from pipeline.events.own import read_own_type, same_name_twice
    from pipeline.events.own_store import write_own_type

    settings = _settings(types, model)
    folder = _folder(settings)
    defined = [read_own_type(path) for path in files]
    if name := same_name_twice(defined):
        raise SettingsError(f"{name} is defined by two of the files.")
    encoder, background = _learning(settings)
    for own in defined:
        from pipeline.events.own_fit import fit

        fitted = fit(own, encoder.read, background)
        write_own_type(folder, own, fitted.head, encoder.digest, fitted.quality)
        _say(own, fitted)
    print(f"kept in {folder}")


@app.command("list")
def list_(
    types: Types = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List your types: name, roles, examples, and how many of these are found when they are left out.

    Example: eventwire types list
    """
    from pipeline.events.own_store import quality_of, read_definitions

    settings = _settings(types, None)
    folder = _folder(settings)
    rows: list[dict[str, Any]] = [
        {
            "type": own.name,
            "definition": own.definition,
            "roles": dict(own.roles),
            "languages": sorted({example.language for example in own.examples}),
            "examples": len(own.examples),
            "quality": dict(quality_of(folder, own)),
        }
        for own in (read_definitions(folder) if folder.is_dir() else {}).values()
    ]
    if as_json:
        from pipeline.cli.lines import print_json

        for row in rows:
            print_json(row)
        return
    if not rows:
        print(f"no types in {folder}")
        return
    for row in rows:
        print(f"{row['type']}  {_short(row['definition'])}")
        print(f"    roles {', '.join(row['roles'])}; {row['examples']} examples in {', '.join(row['languages'])}")
        print(f"    {_quality(row['quality'])}")


@app.command("test")
def examine(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition.")],
    articles: Annotated[
        list[Path] | None, typer.Argument(metavar="[ARTICLE]...", help="Articles in which to look for it.")
    ] = None,
    model: Model = None,
) -> None:
    """Say how well a type would do, without keeping it: each example is left out once and looked for; sentences that
    are known to be something else show how often it would be found by mistake. With articles, which of their sentences
    would report it.

    \b
    Examples:
      eventwire types test award.yaml
      eventwire types test award.yaml news/monday.jsonl
    """
    from pipeline.events.own import read_own_type
    from pipeline.events.own_fit import fit

    settings = _settings(None, model)
    own = read_own_type(file)
    encoder, background = _learning(settings)
    fitted = fit(own, encoder.read, background)
    _say(own, fitted)
    for example, score in zip(own.examples, fitted.left_out, strict=True):
        sign = "+" if score >= fitted.head.threshold else "-"
        print(f"  {sign} {score:.2f}  {example.language}  {_short(example.text)}")
    if fitted.mistaken:
        print("  nearest of other sentences:")
    for score, text in fitted.mistaken:
        print(f"  {'!' if score >= fitted.head.threshold else ' '} {score:.2f}      {_short(text)}")
    for path in articles or ():
        _look(path, fitted, encoder)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="The type, as `eventwire types list` names it.")], types: Types = None
) -> None:
    """Forget a type.

    Example: eventwire types remove product.award
    """
    from pipeline.events.own_store import remove_own_type

    remove_own_type(_folder(_settings(types, None)), name)
    print(f"removed {name}")


def _settings(types: Path | None, model: Path | None) -> Any:
    from pipeline.settings import load_settings

    return load_settings(types=types, model=model)


def _folder(settings: Any) -> Path:
    if settings.types is None:
        raise SettingsError("Where are your types kept? Set EVENTWIRE_TYPES to a folder, or name it with --types.")
    folder: Path = settings.types
    return folder


def _learning(settings: Any) -> tuple[Any, Any]:
    """The model, and what ordinary sentences look like to it."""
    from pipeline.encoder import shared_model
    from pipeline.events.own_fit import read_background

    encoder = shared_model(settings.model)
    return encoder, read_background(encoder.read)


def _look(path: Path, fitted: Fitted, encoder: Any) -> None:
    """Which sentences of the articles in a file would report the type."""
    from pipeline.cli.terminal import safe
    from pipeline.entities.sentences import split_sentences
    from pipeline.events.own_heads import extend
    from pipeline.local.inputs import find_inputs
    from pipeline.local.read import Reader
    from pipeline.streams.decode import decode

    print(f"  in {path}:")
    found = 0
    for item in Reader(find_inputs([str(path)]), clock=lambda: 0):
        data = {} if item.rejected is not None else decode(item.message.value)
        text = "\n\n".join(part for part in (data.get("title"), data.get("text")) if isinstance(part, str))
        spans = split_sentences(text, str(data.get("language") or "und"))
        scores = extend(encoder.read(text, spans), [fitted.head]).event_sentence[:, -1]
        for (start, end), score in zip(spans, scores.tolist(), strict=True):
            if score >= fitted.head.threshold:
                found += 1
                print(f"  > {score:.2f}      {safe(text[start:end], longest=_SHOWN)}")
    print(f"  {found} found")


def _say(own: OwnType, fitted: Fitted) -> None:
    learned = ", ".join(name for name, rules in own.roles.items() if rules in own.learned) or "none"
    print(f"{own.name}: {_quality(fitted.quality)}; roles learned: {learned}")


def _quality(quality: Any) -> str:
    if not quality:
        return "not learned yet: eventwire types add"
    return (
        f"{quality['found']} of {quality['examples']} examples found when left out, "
        f"{quality['mistaken']} of {quality['others']:,} other sentences mistaken for it"
    )


def _short(text: str) -> str:
    from pipeline.cli.terminal import safe

    return safe(text, longest=_SHOWN)
