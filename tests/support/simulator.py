"""The simulated provider in a process of its own, for tests that set its behaviour."""

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

    def stop(self) -> None:
        """End the simulator."""
        self.process.stop()
