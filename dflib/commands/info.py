"""``info``: what this machine offers the course."""
SUMMARY = "Report versions, device, scale and free disk, and what to do when something is missing."


def add_arguments(parser) -> None:
    """None but --scale."""


def run(arguments) -> None:
    """Print the report. Raises ValueError when something is missing, after printing it."""
    from dflib.lesson.report import report as look
    report = look()
    print(report)
    for line in trained_here():
        print(line)
    if not report.complete:
        raise ValueError("Something is missing or outside its range; the lines marked -> say what to do.")


def trained_here() -> list:
    """A line for each run in the cache: what was trained here, how far, how long, and where it lies."""
    from dflib.training import record
    from dflib.training.display import duration
    lines = []
    for folder, about in record.runs():
        steps, seconds = record.progress(folder)
        lines.append(f"trained    {about['technique']}, {about['scale']} scale, {steps:,} steps in {duration(seconds)}: {folder}")
    return lines
