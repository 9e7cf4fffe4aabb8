"""The five questions of each lesson: their files are whole, and a page opens every explanation without a program."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from dflib.lesson import quizzes

ROOT = Path(__file__).parents[1]
LESSONS = sorted(path.name[:2] for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_five_questions_each_with_one_right_choice_and_every_choice_explained(lesson):
    asked = quizzes.questions(lesson)
    assert len(asked) == 5 == len({question["question"] for question in asked})
    for question in asked:
        choices = question["choices"]
        assert len(choices) >= 3 and [choice["right"] for choice in choices].count(True) == 1
        assert all(len(choice["because"]) > 15 and choice["because"].endswith(".") for choice in choices), question[
            "question"
        ]
        assert len({choice["choice"] for choice in choices}) == len(choices)
    places = [[choice["right"] for choice in question["choices"]].index(True) for question in asked]
    assert len(set(places)) == 3  # whoever always takes the middle one is wrong


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_lesson_asks_its_own_questions(lesson):
    (path,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if f'quiz("{lesson}")' in cell.source]
    assert len(cells) == 1
    (output,) = cells[0].outputs  # committed as the file says today
    asked = quizzes.questions(lesson)
    assert output.data["text/html"] == quizzes._page(lesson, asked) and output.data["text/plain"] == quizzes._text(
        asked
    )


class Opened(HTMLParser):
    """What stands in the summaries and what in the details below them."""

    def __init__(self, page):
        super().__init__()
        self.inside, self.summaries, self.details = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.inside.append(tag)
        if tag in ("summary", "details"):
            (self.summaries if tag == "summary" else self.details).append("")

    def handle_endtag(self, tag):
        while self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "summary" in self.inside:
            self.summaries[-1] += data
        elif "details" in self.inside:
            self.details[-1] += data


def test_the_page_hides_explanations_and_no_choice(monkeypatch):
    shown = []
    monkeypatch.setattr(quizzes, "display", lambda data, raw: shown.append(data))
    monkeypatch.setattr(
        quizzes,
        "questions",
        lambda lesson: [
            {
                "question": "Is a < b?",
                "choices": [
                    {"choice": "Yes & no.", "because": "It depends on <a>.", "right": False},
                    {"choice": "Yes.", "because": "By order.", "right": True},
                ],
            }
        ],
    )
    quizzes.quiz("03")
    page = Opened(shown[0]["text/html"])
    assert page.summaries == ["Yes & no.", "Yes."] and page.details == [
        "✗ Not so. It depends on <a>.",
        "✓ Right. By order.",
    ]
    assert not re.search("<script|onclick|http", shown[0]["text/html"])
    assert shown[0]["text/plain"] == "1. Is a < b?\n   a) Yes & no.\n   b) Yes.\n\nAnswers\n1 b: By order."


def test_a_lesson_without_questions_says_so():
    for lesson in ("97", "../03", "", "03.json"):
        with pytest.raises(ValueError, match="^There are no questions about lesson"):
            quizzes.quiz(lesson)


def test_the_files_are_as_a_person_would_edit_them():
    for path in (ROOT / "dflib/lesson/questions").glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
