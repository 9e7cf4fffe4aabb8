"""A challenge as the DFDC was, for a classroom: videos to learn from, videos to judge, and a board with a surprise.

    python -m dflib challenge make FOLDER
    python -m dflib challenge check SUBMISSION FOLDER/learners/sample_submission.csv
    python -m dflib challenge score SUBMISSION --key FOLDER/teacher/key.csv
    python -m dflib challenge leaderboard SUBMISSIONS --key FOLDER/teacher/key.csv

`plan` says who is in it, `make` writes it and `even` takes care that no file tells anything but by its pictures; `submission`
reads what comes in, `scoring` scores it, `board` draws the page. `ladder` is a baseline that is bettered step by step, `traps`
what goes wrong.
"""
