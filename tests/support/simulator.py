"""The simulated provider in a process of its own, for tests that set its behaviour."""

import httpx

from tests.support import environment
from tests.support.process import Process, python


class Simulator:
    """A running simulator. `base_url` is what a credential takes."""

    def __init__(self) -> None:
        self.process = Process(
            python("-m", "providers.simulator", "--port", "0"), environment.for_process()
        )
        self.url = self.process.wait_for_line(r"(https?://[\w.\-]+:\d+)")[1]
        self.base_url = f"{self.url}/v1"

    def requests(self, *models: str) -> int:
        """How often it was asked for exactly these models, as a caller of the hub names them."""
        counts = httpx.get(f"{self.url}/_sim/stats").json()["models"]
        names = {_upstream_name(model) for model in models}
        return sum(counts[name]["requests"] for name in names & counts.keys())

    def wait_for(self, count: str, model: str) -> None:
        """Return when a count of a model is reached, like "cancelled:4"."""
        asked = {"model": _upstream_name(model), "until": count, "timeout_s": "30"}
        answer = httpx.get(f"{self.url}/_sim/stats", params=asked, timeout=40)
        assert answer.status_code == 200, f"{model} never reached {count}: {answer.text}"

    def stop(self) -> None:
        """End the simulator."""
        self.process.stop()


def _upstream_name(model: str) -> str:
    return model.removeprefix("simulator/")
