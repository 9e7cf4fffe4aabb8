"""``info``: what this machine offers the course."""
SUMMARY = "Report versions, device, scale and free disk, and what to do when something is missing."


def add_arguments(parser) -> None:
    """None but --scale."""


def run(arguments) -> None:
    """Print the report. Raises ValueError when something is missing, after printing it."""
    from dflib.lesson.report import report as look
    report = look()
    print(report)
    if not report.complete:
        raise ValueError("Something is missing or outside its range; the lines marked -> say what to do.")
