"""Fits are made in a process of their own, one at a time, and kept in the cache.

A bootstrap is hundreds of fits, and numpy is 30 MB: nothing that the process that streams should
carry. Ratings are kept under a digest of the votes that they follow from, so they are never taken
for those of other votes; and each question knows the digest that it was answered with last.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.cache import cache

from llmhub.core.errors import LLMHubError
from playground.ratings.ballots import Ballot
from playground.ratings.rating import Rating

log = structlog.get_logger(__name__)

LONGEST_S = 60.0
KEPT_S = 7 * 86_400
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class FitError(LLMHubError):
    """The process that fits failed or took too long."""

    type = "ratings_failed"
    status = 503


@dataclass(frozen=True, slots=True)
class Fitted:
    """Ratings, best first. They are not `current` while newer votes are worked in."""

    ratings: list[Rating]
    current: bool


class Fits:
    """The fits of this process that are under way, by the digest of their votes.

    One that has failed stays until somebody has asked for it and been told.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._begun: dict[str, Future[list[Rating]]] = {}

    def latest(self, question: str, votes: Counter[Ballot]) -> Fitted | None:
        """What is known at once; None if that is nothing. What is missing is begun.

        `question` is the name under which the last answer is found again. Raises FitError.
        """
        packed, digest = _packed(votes)
        ratings = _kept(digest)
        if ratings is None:
            fit = self._fit(digest, packed)
            ratings = self._heard(digest, fit) if fit.done() else None
        if ratings is not None:
            cache.set(_last(question), digest, KEPT_S)
            return Fitted(ratings, current=True)
        earlier = _kept(cache.get(_last(question), ""))
        return None if earlier is None else Fitted(earlier, current=False)

    def wait(self, votes: Counter[Ballot]) -> list[Rating]:
        """The ratings that follow from these votes, however long it takes. Raises FitError."""
        packed, digest = _packed(votes)
        ratings = _kept(digest)
        if ratings is not None:
            return ratings
        fit = self._fit(digest, packed)
        futures.wait([fit])
        return self._heard(digest, fit)

    def _heard(self, digest: str, fit: "Future[list[Rating]]") -> list[Rating]:
        """What came of a fit that has ended; if it failed, the next one who asks begins anew."""
        self._forget(digest)
        return fit.result()

    def _forget(self, digest: str) -> None:
        with self._lock:
            self._begun.pop(digest, None)

    def _fit(self, digest: str, packed: str) -> "Future[list[Rating]]":
        """The fit of these votes: the one under way, the one that has failed, else a new one."""
        with self._lock:
            if digest not in self._begun:
                self._begun[digest] = Future()
                threading.Thread(target=self._work, args=(digest, packed), daemon=True).start()
            return self._begun[digest]

    def _work(self, digest: str, packed: str) -> None:
        fit = self._begun[digest]
        try:
            with self._turn:
                ratings = _fitted(packed)
            cache.set(_key(digest), [rating.packed() for rating in ratings], KEPT_S)
        except Exception as error:
            log.warning("ratings_fit_failed", error=str(error))
            fit.set_exception(error)
        else:
            self._forget(digest)
            fit.set_result(ratings)


fits = Fits()


def _packed(votes: Counter[Ballot]) -> tuple[str, str]:
    """The votes as the process reads them, the same in whatever order they came; their digest."""
    lines = [[list(one.models), one.winner, times] for one, times in votes.items()]
    packed = json.dumps(sorted(lines, key=json.dumps))
    return packed, hashlib.sha256(packed.encode()).hexdigest()


def _key(digest: str) -> str:
    return f"ratings:{digest}"


def _last(question: str) -> str:
    return f"ratings-last:{hashlib.sha256(question.encode()).hexdigest()}"


def _kept(digest: str) -> list[Rating] | None:
    kept = cache.get(_key(digest)) if digest else None
    return None if kept is None else [Rating.unpacked(one) for one in kept]


def _fitted(packed: str) -> list[Rating]:
    """What `fit_process` answers. Raises FitError."""
    command = [sys.executable, "-m", "playground.ratings.fit_process"]
    try:
        done = subprocess.run(  # noqa: S603 our own module
            command,
            cwd=settings.BASE_DIR,
            env=os.environ | _ONE_THREAD,
            input=packed,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise FitError(f"The ratings took more than {LONGEST_S:.0f} seconds.") from None
    except subprocess.CalledProcessError as error:
        log.error("ratings_fit_process_failed", exit_code=error.returncode, stderr=error.stderr)
        raise FitError("The ratings could not be worked out; the hub's log says why.") from error
    return [Rating.unpacked(one) for one in json.loads(done.stdout)]
