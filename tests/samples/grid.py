"""A grid for one sample: the built program on free ports, and what it tells of itself."""

import json
import os
import subprocess
import urllib.request

DEADLINE = 60


def check(condition, reason: str) -> None:
    if not condition:
        raise AssertionError(reason)


def environment(**more: str) -> dict[str, str]:
    """Ours without what the program would take as settings."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("HOLM_")}
    return {**ours, **more}


class Grid:
    """To be used with `with`."""

    def __init__(self, program: str, *flags: str):
        kept = [] if "--data" in flags else ["--ephemeral"]
        ports = ["--free-ports", "--script-port", "0"]
        command = [program, *kept, *ports, "--log", "warn", "--message-format", "json"]
        self.process = subprocess.Popen(
            [*command, *flags], stdout=subprocess.PIPE, text=True, env=environment()
        )
        ready = json.loads(self.process.stdout.readline() or "{}")
        check(ready.get("event") == "ready", f"the grid did not start: {ready}")
        self.login, self.control = ready["login_uri"], ready["control_uri"]
        self.scripts = ready["script_address"]

    def __enter__(self) -> "Grid":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.communicate()

    def here(self, text: str) -> str:
        """The text with this grid's addresses in place of the usual ones."""
        usual = {
            "http://127.0.0.1:9000/": self.login,
            "http://127.0.0.1:9001/": self.control,
            "127.0.0.1:9002": self.scripts,
        }
        for old, new in usual.items():
            text = text.replace(old, new)
        check("127.0.0.1:900" not in text, "an address is left that is not this grid's")
        return text

    def variables(self) -> dict[str, str]:
        return environment(HOLM_LOGIN_URI=self.login, HOLM_CONTROL_URI=self.control)

    def ask(self, path: str, body=None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data=data)
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return json.load(answer)


class Ear:
    """An object that hears the chat at the place where avatars arrive."""

    def __init__(self, grid: Grid):
        self.grid = grid
        self.key = grid.ask("v1/objects", {"name": "Ear"})["id"]
        grid.ask(f"v1/objects/{self.key}/listen", {"channel": 0})

    def expect(self, name: str, text: str) -> None:
        last, heard = 0, []
        while True:
            page = self.grid.ask(f"v1/objects/{self.key}/events?after={last}&wait=20")
            check(page["events"], f"heard {heard}, not {text!r} of {name}")
            last = page["last"]
            heard += [event["args"] for event in page["events"] if event["event"] == "listen"]
            if any(args[1] == name and args[3] == text for args in heard):
                return
