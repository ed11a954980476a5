"""What is done with which block of README.md, docs/ and the headers of examples/.

The first rule whose file, language and part of the text fit is that of a block. A block without a
rule fails the run: whoever writes one decides here how it is tested, or why it is not.
"""

from dataclasses import dataclass, field

import actions
from blocks import Block


@dataclass(frozen=True)
class Rule:
    action: object
    file: str | None = None
    language: str | None = None
    part: str = ""
    options: dict = field(default_factory=dict)

    def fits(self, block: Block) -> bool:
        return (
            self.file in (None, block.file)
            and self.language in (None, block.language)
            and self.part in block.text
        )


def of(action, file=None, language=None, part="", **options) -> Rule:
    return Rule(action, file, language, part, options)


def bell(world) -> list[str]:
    """The configuration that the README shows before it asks the control API."""
    toml = world.block("README.md", "# holm --config bell.toml").text
    return ["--config", str(world.write("bell.toml", toml))]


def doors(grid) -> None:
    """A script that speaks CLEP to another one."""
    made = [grid.ask("v1/objects", {"name": name})["id"] for name in ["Door", "Caller"]]
    name = {"dialect": "clep-json", "domain": "doors"}
    grid.ask(f"v1/objects/{made[0]}/clep_listen", name)
    message = {"method": ["open"], "target": {}}
    grid.ask(f"v1/objects/{made[1]}/clep", {**name, "message": message})


SHORTER = [("--agents 100", "--agents 4"), ("--rate 50", "--rate 50 --duration 1")]
BENCHMARKS = "benchmarks, up to half an hour of them; the step `bench` runs each once"

RULES = [
    of(actions.install, "README.md", "sh", "cargo install"),
    of(actions.in_shell, "README.md", "sh", "npm install"),
    of(actions.of_dockerfile, "README.md", "sh", "docker run"),
    of(actions.with_own_tests, "README.md", part="run-my-tests"),
    of(actions.in_shell, "README.md", "sh", "bell=", setup=bell, output=['"said":']),
    # What would be served, without asking for an address that this machine lacks.
    of(actions.in_shell, "README.md", "sh", "--external-host 192.0.2.10",
       edits=[("holm --bind", "holm config --bind")], output=[r'external_host = "192\.0\.2\.10"']),
    of(actions.in_shell, "README.md", "sh", "holm load", edits=SHORTER, output=[r"\S"]),
    of(actions.benthic, "README.md", "rust,ignore", "benthic_protocol"),
    of(actions.not_run, "docs/clients.md", "sh", "tests/clients/run.sh",
       why="the step `clients` is this script"),
    of(actions.package_json, "docs/clients.md", "json"),
    # The stream goes on until who reads it has enough.
    of(actions.in_shell, "docs/control-api.md", "sh", "clep/traffic/stream",
       edits=[("curl -sN", "curl -s --max-time 1 -N")], codes=[28],
       output=[r'"agents":\[\]', "Carol", "Bell"]),
    of(actions.with_visitor, "docs/control-api.md", "sh", "door=", output=['"touch_start"']),
    of(actions.not_run, "docs/generated-code.md", "sh", "less target", why="waits for a person"),
    of(actions.generated, "docs/generated-code.md", "rust,ignore"),
    of(actions.in_shell, "docs/load.md", "sh", "--pid $!", output=[r"\S"],
       edits=[*SHORTER, ("cargo build --release\n", ""), ("target/release/holm --ephemeral &\n", ""),
              ("target/release/", ""), ("$!", "GRID_PID"), (" --calibrate", "")]),
    of(actions.in_shell, "docs/load.md", "sh", "--accounts accounts.json", output=[r"\S"],
       edits=[("--agents 60", "--agents 1"), ("scenario walk", "scenario walk --duration 1"),
              ("holm load", """echo '[{"first":"Test","last":"User","password":"test"}]' \\
                  > accounts.json; holm load""")]),
    of(actions.in_shell, "docs/metrics.md", "sh", output=["holm_"]),
    of(actions.backup, "docs/storage.md", "sh", "sqlite3"),
    of(actions.not_run, "docs/performance.md", "sh", why=BENCHMARKS),
    of(actions.not_run, "docs/script-host.md", "python",
       why="the step `clients` runs it: tests/clients/script_host.py"),
    of(actions.not_run, "docs/storage.md", "rust,ignore",
       why="one line out of any service, which compiles with all of them"),
    of(actions.example, "examples/bot.rs"),
    of(actions.example, "examples/clep_watcher.rs", prepare=doors),
    of(actions.example, "examples/embed.rs"),
    of(actions.example, "examples/scripted_object.rs"),
    of(actions.no_code, language="text"),
    of(actions.console, language="console"),
    of(actions.csharp, language="csharp"),
    of(actions.doctest, language="rust"),
    of(actions.json_text, language="json"),
    of(actions.node, language="js"),
    of(actions.python, language="python"),
    of(actions.configuration, language="toml"),
]


def rule_of(block: Block) -> Rule | None:
    return next((rule for rule in RULES if rule.fits(block)), None)
