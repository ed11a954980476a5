"""What can be done with a block: each function runs or checks one, and raises if it is wrong."""

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import xmlrpc.client
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import csharp as csharp_facts
from blocks import Block
from grid import DEADLINE, Ear, Grid, check, environment

HEARD = ("Test User", "Hello.")
MOST_LINES_OF_EXAMPLE = 80


@dataclass
class World:
    """What all blocks share."""

    root: Path
    folder: Path
    program: str
    python: str
    blocks: list[Block] = field(default_factory=list)

    def block(self, file: str, part: str) -> Block:
        found = [block for block in self.blocks if block.file == file and part in block.text]
        check(len(found) == 1, f"{len(found)} blocks of {file} have {part!r}")
        return found[0]

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def path(self) -> str:
        return f"{self.folder / 'bin'}:{os.environ['PATH']}"


def run(command, cwd: Path, env: dict, codes=(0,), merged=False) -> str:
    """Its stdout, with `merged` also its stderr."""
    stderr = subprocess.STDOUT if merged else subprocess.PIPE
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
        text=True, timeout=DEADLINE * 2,
    )
    said = done.stdout + (done.stderr or "")
    check(done.returncode in codes, f"exit code {done.returncode}: {said[-2000:]}")
    return done.stdout


def shell(text: str, world: World, env: dict, codes=(0,)) -> str:
    return run(
        ["bash", "-euo", "pipefail", "-c", text], world.folder, {**env, "PATH": world.path()}, codes
    )


# Each of the following takes the world, the block, and what its rule says.


def no_code(_world: World, _block: Block) -> None:
    """Output, or a drawing."""


def not_run(world: World, block: Block, why: str) -> None:
    """Too long or not for programs; its syntax, and the files that it names, are checked still."""
    check(why, "no reason is given")
    if block.language == "sh":
        run(["bash", "-n", "-c", block.text], world.root, environment())
        for name in re.findall(r"(?<![\w/.])(?:\.ci|benches|fuzz|tests)/[\w./-]+", block.text):
            check((world.root / name).exists(), f"{name} does not exist")


def in_shell(world: World, block: Block, edits=(), codes=(0,), output=(), setup=None) -> None:
    """By a shell, beside a grid, with an error of a request being one of the block."""
    text = block.text
    for old, new in edits:
        check(old in text, f"{old!r} is not in the block")
        text = text.replace(old, new)
    text = re.sub(r"\bcurl -s", "curl --fail-with-body -sS", text)
    flags = setup(world) if setup else []
    with Grid(world.program, *flags) as grid:
        text = grid.here(text.replace("GRID_PID", str(grid.process.pid)))
        said = shell(text, world, grid.variables(), codes)
    for pattern in output:
        check(re.search(pattern, said), f"{pattern!r} is not in the output: {said}")


def install(world: World, block: Block) -> None:
    """All but the build, which takes minutes: its lock file must do, and `holm` come out of it."""
    line, rest = block.text.split("\n", 1)
    check(line.split("#")[0].split() == "cargo install --path . --locked".split(), line)
    metadata = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    packages = json.loads(run(metadata, world.root, environment()))["packages"]
    programs = [t["name"] for p in packages for t in p["targets"] if "bin" in t["kind"]]
    check(programs == ["holm"], f"makes {programs}")
    version = packages[0]["version"]
    said = shell(rest, world, environment())
    check(said.startswith(f"holm {version} ("), said)


def with_visitor(world: World, block: Block, output: list[str]) -> None:
    """As `in_shell`, while `Test User` is in the region."""
    visit = """
import asyncio, sys
from hippolyzer.lib.client.hippo_client import HippoClient
async def main():
    client = HippoClient()
    await client.login("Test User", "test", sys.argv[1])
    print("here", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await client.aclose()
asyncio.run(main())
"""
    with Grid(world.program) as grid:
        visitor = subprocess.Popen(
            [world.python, "-c", visit, grid.login],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        try:
            check(visitor.stdout.readline() == "here\n", "the visitor has not come")
            text = re.sub(r"\bcurl -s", "curl --fail-with-body -sS", grid.here(block.text))
            said = shell(text, world, grid.variables())
        finally:
            visitor.kill()
            visitor.communicate()
    for pattern in output:
        check(re.search(pattern, said), f"{pattern!r} is not in the output: {said}")


def backup(world: World, block: Block) -> None:
    """Of a grid that runs; Python's SQLite does what the program `sqlite3` does."""
    name, database, statement = shlex.split(block.text)
    check((name, database) == ("sqlite3", "holm-data/holm.sqlite"), block.text)
    copy = world.folder / re.search(r"'(.*)'", statement)[1]
    data = world.folder / "holm-data"
    with Grid(world.program, "--data", str(data)):
        with closing(sqlite3.connect(world.folder / database)) as connection:
            connection.execute(statement.replace(copy.name, str(copy)))
    with closing(sqlite3.connect(copy)) as connection:
        names = connection.execute("SELECT first, last FROM accounts").fetchall()
    check(("Test", "User") in names, f"the copy has {names}")


def with_own_tests(world: World, block: Block) -> None:
    """`run-my-tests` is a script that asks the grid for its information, and tells that it ran."""
    ran = world.folder / "ran"
    ran.unlink(missing_ok=True)
    script = 'curl -sSf "${1:-$HOLM_LOGIN_URI}get_grid_info" | grep -q "<login>" && touch ran\n'
    world.write("run-my-tests", "#!/bin/sh\nset -e\n" + script).chmod(0o755)
    text = block.text
    if block.language == "yaml":
        text = "".join(re.findall(r"^- run: (.*\n)", text))
    check("./run-my-tests" in text, "nothing to run")
    shell(text, world, environment())
    check(ran.exists(), "run-my-tests has not run")


def console(world: World, block: Block) -> None:
    """Commands after `$`, with what they print."""
    check(block.text.startswith("$ "), "no command")
    for part in block.text.removeprefix("$ ").split("\n$ "):
        lines = part.removesuffix("\n").split("\n")
        length = 1
        while lines[length - 1].rstrip().endswith(("\\", "|")):
            length += 1
        command, expected = "\n".join(lines[:length]), "\n".join(lines[length:])
        env = {**environment(), "PATH": world.path()}
        codes = range(256) if expected.startswith("holm: ") else (0,)
        said = run(["bash", "-c", command], world.folder, env, codes, merged=True).rstrip("\n")
        check(said == expected, f"{command}\nprints\n{said}\ninstead of\n{expected}")


def json_text(_world: World, block: Block) -> None:
    """One value after the other."""
    decoder, rest = json.JSONDecoder(), block.text.strip()
    while rest:
        _, end = decoder.raw_decode(rest)
        rest = rest[end:].lstrip()


def package_json(world: World, block: Block) -> None:
    """As the suite of the library has it."""
    shown, ours = json.loads(block.text), world.root / "tests/clients/package.json"
    suite = json.loads(ours.read_text(encoding="utf-8"))
    for key in ["dependencies", "overrides"]:
        check(shown[key] == suite[key], f"{key} differ from {ours}")


def configuration(world: World, block: Block) -> None:
    """A grid starts with it, and has what it names."""
    path = world.write("sample.toml", block.text)
    with Grid(world.program, "--config", str(path)) as grid:
        names = re.findall(r'^\[\[object\]\]\nname = "(.*)"', block.text, re.MULTILINE)
        shown = [made["name"] for made in grid.ask("v1/objects")["objects"]]
        check(sorted(shown) == sorted(names), f"objects {shown} instead of {names}")
        groups = re.findall(r'^\[\[group\]\]\nname = "(.*)"', block.text, re.MULTILINE)
        shown = [group["name"] for group in grid.ask("v1/groups")["groups"]]
        check(set(groups) <= set(shown), f"groups {shown} without {groups}")


def node(world: World, block: Block) -> None:
    """In the project that the lines before it make; `Hello.` is heard."""
    check((world.folder / "node_modules").is_dir(), "the library has not been installed")
    client(world, block, ["node"], "hello.js")


def python(world: World, block: Block) -> None:
    """With the library of the client suite; `Hello.` is heard."""
    client(world, block, [world.python], "hello.py")


def client(world: World, block: Block, interpreter: list[str], name: str) -> None:
    with Grid(world.program) as grid:
        ear = Ear(grid)
        script = world.write(name, grid.here(block.text))
        run([*interpreter, str(script)], world.folder, environment())
        ear.expect(*HEARD)


def csharp(_world: World, block: Block) -> None:
    """By the facts in csharp.json."""
    csharp_facts.check_sample(block.text)


def benthic(world: World, block: Block) -> None:
    """Built with the published package; the grid takes a login with what comes out."""
    project = world.root / "target/samples/benthic"
    shutil.copytree(world.root / "tests/samples/benthic", project, dirs_exist_ok=True)
    with Grid(world.program) as grid:
        body = grid.here(block.text)
        main = "fn main() {\n" + body + "print!(\"{}\", String::from_utf8(datagram).unwrap());\n}\n"
        (project / "src").mkdir(exist_ok=True)
        (project / "src/main.rs").write_text(main, encoding="utf-8")
        env = environment(CARGO_TARGET_DIR=str(project / "target"))
        message = json.loads(run(["cargo", "run", "--quiet", "--locked"], project, env))
        check(message["type"] == "Login", f"{message}")
        login = message["data"]
        server = xmlrpc.client.ServerProxy(login["url"])
        answer = server.login_to_simulator({**login, "version": "1", "options": []})
        check(answer["login"] == "true", f"{answer}")


def example(world: World, block: Block, prepare=None) -> None:
    """The program does what its header says, and is short."""
    lines = (world.root / block.file).read_text(encoding="utf-8").count("\n")
    check(lines <= MOST_LINES_OF_EXAMPLE, f"{block.file} has {lines} lines")
    command, expected = block.text.split("\n", 1)
    run_it = f"$ cargo run --example {Path(block.file).stem}"
    check(command.startswith(run_it), f"{command!r} does not begin with {run_it!r}")
    with Grid(world.program) as grid:
        if prepare:
            prepare(grid)
        words = grid.here(command.removeprefix("$ ")).split()
        words[2:2] = ["--quiet", "--locked"]
        said = run(words, world.root, environment())
    check(said == expected, f"prints\n{said}\ninstead of\n{expected}")


def of_dockerfile(world: World, block: Block) -> None:
    """The head of the Dockerfile says the same; the step `container` holds the image against it."""
    head = (world.root / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for line in block.text.splitlines():
        check(f"#   {line}" in head, f"{line!r} is not in the head of the Dockerfile")


def doctest(world: World, block: Block) -> None:
    """`cargo test` runs it, because the library takes the file as documentation."""
    library = (world.root / "src/lib.rs").read_text(encoding="utf-8")
    check(f'include_str!("../{block.file}")' in library, f"src/lib.rs does not take {block.file}")


def generated(world: World, block: Block) -> None:
    """Its lines are in the code that the build has made, up to where they are broken."""
    built = sorted(world.root.glob("target/*/build/holm-*/out/messages.rs"), key=os.path.getmtime)
    check(built, "nothing has been built")
    code = re.sub(r"\s", "", built[-1].read_text(encoding="utf-8"))
    for line in block.text.splitlines():
        line = re.sub(r"^// (de|en)code_body: ", "", line.strip())
        if not line.startswith("// "):
            check(re.sub(r"\s", "", line) in code, f"{line!r} is not generated")
