"""Packages whose names are resolved on first use, so that importing one stays light."""
from importlib import import_module


def lazily(module: dict, home: dict):
    """``(__getattr__, __dir__)`` for a package: ``module`` is its ``globals()``, ``home`` maps names to its submodules.

    The package says in ``__all__`` what it offers. Unknown names raise AttributeError.
    """
    package = module["__name__"]

    def find(name):
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module[name] = getattr(import_module(f"{package}.{home[name]}"), name)      # the next access is a plain lookup
        return module[name]

    return find, lambda: module["__all__"]
