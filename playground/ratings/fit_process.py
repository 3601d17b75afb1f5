"""The process that fits: ballots come on its standard input, ratings go to its standard output.

It is run as `python -m playground.ratings.fit_process` by `fitting`, and ends when it has answered.
"""

import json
import os
import sys
from collections import Counter

from playground.ratings.ballots import Ballot

_BEHIND_OTHERS = 10  # of nice: streams of the machine come first


def main() -> None:
    """Read [[models, winner, times], …], write the ratings, best first."""
    os.nice(_BEHIND_OTHERS)
    from playground.ratings.fit import fit

    votes = Counter(
        {Ballot(tuple(models), winner): times for models, winner, times in json.load(sys.stdin)}
    )
    json.dump([rating.packed() for rating in fit(votes)], sys.stdout)


if __name__ == "__main__":
    main()
