"""Where was it changed? The maps of Dang et al. (2020), six ways, held against exact masks on a set in FaceForensics++'s layout.

    python -m dflib.studies.localisation ROOT

`plan` says what is trained and what the paper found, `results` trains and keeps what every network says of every picture,
`measure` holds maps against masks and beside maps that know nothing, `halves` moves the change to where it never was in
training, `card` and `figures` make pages, `ship` checkpoints. Data, training and detection scores are those of
`dflib.studies.detectors`, whose Xception all networks start from. Each step is kept in the cache: the same command goes on
where it stopped.
"""
