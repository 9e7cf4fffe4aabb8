"""The diagrams of the lessons, a module for each with ``DIAGRAMS``: name -> `dflib.lesson.drawing.Diagram`."""
