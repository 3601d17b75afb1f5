"""evalica's compiled part, by itself.

The package around it imports pandas and scipy: five seconds and 110 MB that nothing here needs.
"""

from collections.abc import Sequence
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

import numpy as np

Vector = np.ndarray[Any, np.dtype[np.float64]]

DRAWN, FIRST_WON = 0, 1
_WIN, _TIE = 1.0, 0.5
_TOLERANCE = 1e-9
_MOST_STEPS = 20_000


def _compiled() -> Any:
    package = find_spec("evalica")  # finds it without running it
    assert package is not None
    spec = PathFinder.find_spec("_brzo", package.submodule_search_locations)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_evalica = _compiled()


def strengths(
    firsts: Sequence[int],
    seconds: Sequence[int],
    outcomes: Sequence[int],
    weights: Sequence[float],
    players: int,
) -> Vector:
    """How strong each of the players 0, 1, … is, by Bradley and Terry's model.

    A line says that `first` met `second` so many times (`weight`), and won or drew.
    """
    found: Vector
    found, _ = _evalica.bradley_terry(
        firsts, seconds, outcomes, weights, players, _WIN, _TIE, _TOLERANCE, _MOST_STEPS
    )
    return found
