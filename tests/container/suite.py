"""The container image, as an image or as the program with what the Dockerfile says of it.

    python suite.py PATH_OF_HOLM [--image NAME]

Agents log in from outside, by ports that are not those inside.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import uuid
import xmlrpc.client
from pathlib import Path

import forward
from dockerfile import Stage

ROOT = Path(__file__).resolve().parents[2]
STAGE = Stage(ROOT / "Dockerfile")
DEADLINE = 60
MAPPED = ["HOLM_NETWORK_EXTERNAL_HTTP_PORT", "HOLM_REGION_0_EXTERNAL_UDP_PORT"]


def check(condition, reason: str) -> None:
    if not condition:
        raise AssertionError(reason)


def outer_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HOLM_")}


def run(command: list[str], env=None) -> subprocess.CompletedProcess:
    env = outer_environment() if env is None else env
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=DEADLINE)


class Program:
    """The built program in place of a container; `files` maps paths inside to paths here."""

    def __init__(self, holm: str, arguments: list[str], files: dict[str, Path]):
        self.holm, self.files = holm, files
        http, udp = forward.free_port(socket.SOCK_STREAM), forward.free_port(socket.SOCK_DGRAM)
        tcp, datagrams = forward.Tcp(http), forward.Udp(udp)
        self.ports = tcp.port, datagrams.port
        self.env = {**outer_environment(), **self.environment()}
        ports = ["--http-port", str(http), "--udp-port", str(udp), "--control-port", "0"]
        words = [self.here(word) for word in arguments]
        self.process = subprocess.Popen(
            [holm, *words, *ports, "--message-format", "json"],
            env=self.env, stdout=subprocess.PIPE, text=True,
        )
        ready = json.loads(self.process.stdout.readline() or "{}")
        check(ready.get("event") == "ready", f"not ready: {ready}")
        self.env["HOLM_CONTROL_URI"] = ready["control_uri"]

    def environment(self) -> dict[str, str]:
        told = dict(zip(MAPPED, map(str, self.ports)))
        return {**{k: self.here(v) for k, v in STAGE.environment.items()}, **told}

    def here(self, word: str) -> str:
        return str(self.files.get(word, word))

    def inside(self, words: list[str]) -> subprocess.CompletedProcess:
        check(words[0] == "holm", f"only holm is in the image, not {words[0]}")
        return run([self.holm, *words[1:]], self.env)

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=DEADLINE)


class Container:
    """A container of the image, with the same methods."""

    def __init__(self, image: str, arguments: list[str], files: dict[str, Path]):
        self.name = f"holm-{uuid.uuid4()}"
        self.ports = tuple(forward.free_port(k) for k in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
        command = ["docker", "run", "--rm", "--detach", "--name", self.name]
        for port, kind, variable in zip(self.ports, ["tcp", "udp"], MAPPED):
            command += ["-p", f"127.0.0.1:{port}:9000/{kind}", "-e", f"{variable}={port}"]
        for inner, outer in files.items():
            command += ["-v", f"{outer}:{inner}"]
        # Without arguments those of the image apply.
        given = [] if arguments == STAGE.command else arguments
        started = run([*command, image, *given])
        check(started.returncode == 0, started.stderr)
        ready = self.inside(["holm", "health", "--ready", "--wait", "30"])
        if ready.returncode != 0:
            logs = run(["docker", "logs", self.name]).stderr
            self.stop()
            raise AssertionError(ready.stderr + logs)

    def inside(self, words: list[str]) -> subprocess.CompletedProcess:
        return run(["docker", "exec", self.name, *words])

    def stop(self) -> None:
        run(["docker", "stop", self.name])


class Suite:
    def __init__(self, holm: str, image: str | None, folder: Path):
        self.holm, self.image, self.folder = holm, image, folder

    def start(self, arguments: list[str], files: dict[str, Path]):
        kind, what = (Container, self.image) if self.image else (Program, self.holm)
        return kind(what, arguments, files)

    def enter(self, grid, first: str, password="secret") -> str:
        """One agent logs in, enters and leaves; empty, or what went wrong."""
        accounts = self.folder / "who.json"
        accounts.write_text(json.dumps([{"first": first, "last": "Body", "password": password}]))
        uri = f"http://127.0.0.1:{grid.ports[0]}/"
        load = ["load", "--login", uri, "--accounts", str(accounts), "--agents", "1"]
        done = run([self.holm, *load, "--scenario", "idle", "--duration", "0", "--quiet"])
        return "" if done.returncode == 0 else done.stdout + done.stderr or "no reason"

    def file_of_accounts(self) -> Path:
        path = self.folder / "accounts.json"
        path.write_text('[{"first":"Carol","last":"Body","password":"secret"}]')
        path.chmod(0o644)
        return path

    def data(self) -> Path:
        path = self.folder / "data"
        path.mkdir(exist_ok=True)
        # The user of the image is another one.
        path.chmod(0o777)
        return path

    def exposes_the_ports_of_the_configuration(self):
        shown = run([self.holm, "config"], {**outer_environment(), **STAGE.environment})
        check(shown.returncode == 0, shown.stderr)
        http = re.search(r"^http_port = (\d+)$", shown.stdout, re.MULTILINE)[1]
        udp = re.search(r"^udp_port = (\d+)$", shown.stdout, re.MULTILINE)[1]
        check(STAGE.ports == [f"{http}/tcp", f"{udp}/udp"], f"exposed are {STAGE.ports}")
        check('bind = "0.0.0.0"' in shown.stdout, "not reachable from outside")

    def runs_the_program_and_not_a_shell(self):
        check(STAGE.entrypoint == ["holm"], f"the entry point is {STAGE.entrypoint}")
        check(STAGE.one("USER") not in ("root", "0"), "runs as root")

    def lets_anybody_in_and_tells_them_the_mapped_ports(self):
        grid = self.start(STAGE.command, {"/data": self.data()})
        try:
            check(not (wrong := self.enter(grid, "Any")), wrong)
            server = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{grid.ports[0]}/")
            answer = server.login_to_simulator({
                "first": "Other", "last": "Body", "passwd": "secret", "start": "last",
                "channel": "test", "version": "1", "options": [],
            })
            check(answer["login"] == "true", f"{answer}")
            told = answer["sim_ip"], answer["sim_port"]
            check(told == ("127.0.0.1", grid.ports[1]), f"told {told}, not {grid.ports}")
            seed = f"http://127.0.0.1:{grid.ports[0]}/"
            check(answer["seed_capability"].startswith(seed), answer["seed_capability"])
        finally:
            grid.stop()

    def is_healthy_by_its_own_check(self):
        grid = self.start(STAGE.command, {"/data": self.data()})
        try:
            asked = grid.inside(STAGE.health)
            check(asked.returncode == 0, asked.stderr)
        finally:
            grid.stop()

    def keeps_to_the_accounts_of_a_mounted_file(self):
        check("--ephemeral --accounts /accounts.json" in self.comments(), "told otherwise")
        files = {"/accounts.json": self.file_of_accounts(), "/data": self.data()}
        grid = self.start(["--ephemeral", "--accounts", "/accounts.json"], files)
        try:
            check(not (wrong := self.enter(grid, "Carol")), wrong)
            check(self.enter(grid, "Any"), "somebody else was let in")
        finally:
            grid.stop()

    def keeps_its_data_on_the_volume(self):
        files = {"/data": self.data()}
        for password, allowed in [("secret", True), ("other", False)]:
            grid = self.start([word for word in STAGE.command if word != "--ephemeral"], files)
            try:
                wrong = self.enter(grid, "Kept", password)
                check(bool(wrong) != allowed, wrong or "the account was forgotten")
            finally:
                grid.stop()

    def has_the_variables_that_its_comments_name(self):
        for name in set(re.findall(r"HOLM_[A-Z0-9_]+", self.comments())) - {"HOLM_COMMIT"}:
            wrong = run([self.holm, "config"], {**outer_environment(), name: "\x7f"})
            check(wrong.returncode != 0 and name in wrong.stderr, f"{name} has no effect")
            check("unknown key" not in wrong.stderr, wrong.stderr)

    def comments(self) -> str:
        return re.sub(r"\s+", " ", STAGE.comments)


def main(holm: str, image: str | None) -> int:
    passed = failed = 0
    cases = [name for name in vars(Suite) if name.split("_")[0] in
             ("exposes", "runs", "lets", "is", "keeps", "has")]
    for case in cases:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                getattr(Suite(holm, image, Path(folder)), case)()
                passed += 1
                print(f"ok {case.replace('_', ' ')}", flush=True)
            except Exception as error:
                failed += 1
                print(f"not ok {case.replace('_', ' ')}: {error!r}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) not in (1, 3) or words[1:2] not in ([], ["--image"]):
        sys.exit("usage: python suite.py PATH_OF_HOLM [--image NAME]")
    sys.exit(main(words[0], words[2] if len(words) == 3 else None))
