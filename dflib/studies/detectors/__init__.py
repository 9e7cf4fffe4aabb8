"""The comparison of Rössler et al. (2019), table by table, on a set in FaceForensics++'s layout.

    python -m dflib.studies.detectors ROOT --compression c23 --seeds 0 1

`plan` says what is trained and what the paper found, `data` cuts out faces, `results` trains and keeps what every network
says of every test picture, `table` turns that into numbers with intervals, `card` and `figures` into pages, `ship` into
checkpoints. Each step is kept in the cache: the same command goes on where it stopped.
"""
