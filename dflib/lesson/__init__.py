"""What every notebook uses.

    from dflib import lesson
    scale = lesson.setup()          # the report of this machine, and the scale

`showing` has pictures with alt text, `widgets` controls bound to a picture, `checks` the answers to exercises, `figures`
pictures of ground truth; `exercises` and `panels` hold what one lesson needs, a module for each.
"""

from dflib.lesson.checks import answer, check
from dflib.lesson.drawing import diagram
from dflib.lesson.quizzes import quiz
from dflib.lesson.report import setup
from dflib.lesson.showing import grid, play, provenance, show

__all__ = ["setup", "show", "play", "grid", "provenance", "check", "answer", "quiz", "diagram"]
