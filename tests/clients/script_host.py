"""Runs the Python example of docs/script-host.md against a holm server.

    python script_host.py PATH_OF_HOLM

The example owns an object that answers `hello`. A second script host, here, makes an object beside
it, says `hello`, and hears the answer; what the example prints is checked. Standard library only.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "script-host.md"
MOST_LINES = 40
ANSWERS = 2
DEADLINE = 20.0


class Host:
    """A script host: JSON lines over TCP."""

    def __init__(self, address: str):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=DEADLINE)
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.events = []
        self.asked = 0
        check("hello" in self.line(), "the first line says hello")

    def line(self) -> dict:
        line = self.lines.readline()
        check(line, "the connection ended")
        return json.loads(line)

    def ask(self, **request) -> dict:
        self.asked += 1
        text = json.dumps({"id": self.asked, **request})
        self.socket.sendall(text.encode() + b"\n")
        while True:
            line = self.line()
            if line.get("id") == self.asked:
                check("error" not in line, f"{text}: {line}")
                return line
            self.events.append(line)

    def call(self, name: str, *args):
        return self.ask(script=1, call=name, args=list(args))["result"]

    def heard(self) -> dict:
        """The next line that its script hears."""
        while True:
            event = self.events.pop(0) if self.events else self.line()
            if event.get("event") == "listen":
                return event


def example() -> str:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    check(len(blocks) == 1, f"{len(blocks)} examples instead of one")
    lines = len(blocks[0].splitlines())
    check(lines <= MOST_LINES, f"the example has {lines} lines, more than {MOST_LINES}")
    return blocks[0]


def objects(control: str) -> list:
    with urllib.request.urlopen(control + "v1/objects", timeout=5) as answer:
        return json.load(answer)["objects"]


def listens(control: str, key: str) -> bool:
    prims = [prim for made in objects(control) if made["id"] == key for prim in made["prims"]]
    return any(script["listens"] for prim in prims for script in prim["scripts"])


def converse(ready: dict, script: Path) -> None:
    host, port = ready["script_address"].rsplit(":", 1)
    command = [sys.executable, str(script), host, port, str(ANSWERS)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + DEADLINE
        while not (made := objects(ready["control_uri"])):
            check(run.poll() is None, f"the example ended with {run.poll()}")
            check(time.monotonic() < end, "the example made no object")
            time.sleep(0.02)
        bell = made[0]["id"]
        x, y, z = made[0]["position"]
        visitor = Host(ready["script_address"])
        visitor.ask(create={"name": "Visitor", "position": [x, y, z + 2]})
        visitor.call("llListen", 0, made[0]["name"], "", "")
        # Its listen may come a moment after its object.
        while not listens(ready["control_uri"], bell):
            check(time.monotonic() < end, "the example does not listen")
            time.sleep(0.02)
        for _ in range(ANSWERS):
            visitor.call("llSay", 0, "hello")
            event = visitor.heard()
            check(event["args"][1:] == [made[0]["name"], bell, "hello, Visitor"], f"heard {event}")
        output, _ = run.communicate(timeout=DEADLINE)
        check(run.returncode == 0, f"the example ended with {run.returncode}")
        check(output.count("Visitor: hello\n") == ANSWERS, f"the example printed {output!r}")
    finally:
        run.kill()


def check(condition, reason: str) -> None:
    if not condition:
        raise AssertionError(reason)


def main(program: str) -> int:
    flags = [word for port in ("http", "udp", "control", "script") for word in (f"--{port}-port", "0")]
    server = subprocess.Popen(
        [program, "serve", "--ephemeral", "--log", "warn", "--message-format", "json", *flags],
        stdout=subprocess.PIPE, text=True,
    )
    name = "the example of docs/script-host.md answers and prints"
    try:
        with tempfile.TemporaryDirectory() as directory:
            script = Path(directory) / "example.py"
            script.write_text(example(), encoding="utf-8")
            converse(json.loads(server.stdout.readline()), script)
    except Exception as error:
        print(f"not ok 1 {name}: {error!r}\n0 passed, 1 failed")
        return 1
    finally:
        server.kill()
    print(f"ok 1 {name}\n1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("usage: python script_host.py PATH_OF_HOLM")
    sys.exit(main(sys.argv[1]))
