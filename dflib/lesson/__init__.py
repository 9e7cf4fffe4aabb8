"""What every notebook uses.

    from dflib import lesson
    scale = lesson.setup()          # the report of this machine, and the scale

`showing` has pictures with alt text, `drawing` diagrams, `widgets` controls bound to a picture (`still` for pages), `checks`
the answers to exercises, `quizzes` the five questions, `figures` pictures of ground truth. What one lesson needs is a file
of its own in `panels`, `diagrams`, `exercises` and `questions`; tests hold the notebooks to the rules that a program can see.
"""

from dflib.lesson.checks import answer, check
from dflib.lesson.drawing import diagram
from dflib.lesson.quizzes import quiz
from dflib.lesson.report import setup
from dflib.lesson.showing import grid, play, provenance, show

__all__ = ["setup", "show", "play", "grid", "provenance", "check", "answer", "quiz", "diagram"]
