"""The panels of the lessons, a module for each: controls and a picture that follows them, built on `dflib.lesson.widgets`."""
