"""Commands of ``python -m dflib``: one module each, with SUMMARY, ``add_arguments(parser)`` and ``run(arguments)``.

``run`` raises ValueError or OSError with one sentence for bad input; ``dflib.__main__`` turns that into exit code 2.
"""
