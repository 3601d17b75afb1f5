"""TensorZero's gateway (Rust), as its Python package embeds it, with recording switched off."""

from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import environments
from benchmarks.processes import Process, wait_for_line
from benchmarks.servers.base import Server, Stage
from benchmarks.upstream import MODEL, Address, base_url

VERSION = "2026.6.0"
START = Path(__file__).with_name("tensorzero_start.py")
CONFIG = """\
[gateway]
observability.enabled = false

[models.{model}]
routing = ["simulator"]

[models.{model}.providers.simulator]
type = "openai"
model_name = "{model}"
api_base = "{base_url}/"
api_key_location = "none"
"""


class TensorZero(Server):
    """https://www.tensorzero.com/docs/gateway. Its record needs ClickHouse, so there is none."""

    name = "tensorzero"
    title = "TensorZero gateway"

    def prepare(self) -> None:
        self._place = environments.python("tensorzero", f"tensorzero=={VERSION}")
        self.version = environments.version_in(self._place, "tensorzero")

    def launch(self, stage: Stage) -> tuple[Process, Address]:
        config = stage.folder / "tensorzero.toml"
        config.write_text(CONFIG.format(model=MODEL, base_url=base_url(stage.upstream)))
        process = Process(
            [str(self._place / "bin" / "python"), str(START), str(config)],
            log=stage.folder / "tensorzero.log",
            cores=stage.cores,
            environment={"TENSORZERO_DISABLE_PSEUDONYMOUS_USAGE_ANALYTICS": "1"},
        )
        url = urlsplit(wait_for_line(process, "TensorZero gateway at ", 60).rsplit(" ", 1)[1])
        return process, Address(
            port=url.port or 80,
            path=f"{url.path.rstrip('/')}/chat/completions",
            model=f"tensorzero::model_name::{MODEL}",
        )
