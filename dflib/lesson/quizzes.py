"""``quiz("03")``: five questions about a lesson; every choice, right or wrong, opens its explanation.

The page is plain HTML: it works by mouse and keyboard, in a notebook, on a page that nobody runs, and without a network.
Where only text can be shown, the answers stand below the questions. The questions are in ``questions/NN.json``: a list of
{"question", "choices": [{"choice", "because", "right"}, ...]}.
"""

import html
import json
from importlib import resources

from IPython.display import display

from dflib.lesson.figures import BLUE, VERMILION

SIGNS = {
    True: f"<strong style='color:{BLUE}'>&#10003; Right.</strong>",
    False: f"<strong style='color:{VERMILION}'>&#10007; Not so.</strong>",
}


def quiz(lesson: str) -> None:
    """Show the five questions of ``lesson`` ('03'). Raises ValueError for a lesson that has none."""
    asked = questions(lesson)
    display({"text/html": _page(lesson, asked), "text/plain": _text(asked)}, raw=True)


def questions(lesson: str) -> list:
    """The questions of ``lesson`` as its file has them. Raises ValueError for a lesson that has none."""
    file = resources.files("dflib.lesson") / "questions" / f"{lesson}.json"
    if not (str(lesson).isdigit() and file.is_file()):
        raise ValueError(f"There are no questions about lesson {lesson!r}.")
    return json.loads(file.read_text(encoding="utf-8"))


def _page(lesson, asked) -> str:
    parts = [
        "<div class='dflib-quiz' style='max-width:46em'>",
        "<p>Choose an answer: it opens, and says why it is right or not. (By keyboard: Tab, then Space.)</p><ol>",
    ]
    for number, question in enumerate(asked, 1):
        parts.append(f"<li style='margin:1em 0'><p><strong>{html.escape(question['question'])}</strong></p>")
        for choice in question["choices"]:
            parts.append(
                f"<details name='quiz-{lesson}-{number}' style='margin:.3em 0;padding:.2em .6em;border-left:3px solid #c8c8c8'>"
                f"<summary style='cursor:pointer;display:list-item'>{html.escape(choice['choice'])}</summary>"
                f"<p style='margin:.4em 0 .4em 1em'>{SIGNS[choice['right']]} {html.escape(choice['because'])}</p></details>"
            )
        parts.append("</li>")
    return "".join(parts) + "</ol></div>"


def _text(asked) -> str:
    lines, answers = [], ["", "Answers"]
    for number, question in enumerate(asked, 1):
        lines.append(f"{number}. {question['question']}")
        for letter, choice in zip("abcdef", question["choices"]):
            lines.append(f"   {letter}) {choice['choice']}")
            if choice["right"]:
                answers.append(f"{number} {letter}: {choice['because']}")
    return "\n".join(lines + answers)
