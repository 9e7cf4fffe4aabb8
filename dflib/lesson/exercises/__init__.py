"""What the exercises of each lesson are held against; `dflib.lesson.checks` says how such a module is written."""
