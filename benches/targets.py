#!/usr/bin/env python3
"""The figures of docs/performance.md, measured anew: server and load tool on this machine.

    cargo build --release && python3 benches/targets.py [ROW...] [--runs 5] [--program FILE]
                                                        [--walk 600]

Rows: start chat latency im group login burst memory crowd rude polls growth walk; without names all but `walk`,
which takes ten minutes a run, and runs once where the others do five times. Each row starts its own
server on free ports and prints the median of all runs with the single figures behind it. Linux
only. Nothing else should run meanwhile.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running `holm`."""

    def __init__(self, program: str, *flags: str):
        ports = [flag for name in ("http", "udp", "control", "script") for flag in (f"--{name}-port", "0")]
        command = [program, "serve", "--log", "error", "--message-format", "json", *ports, *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        ready = json.loads(self.process.stdout.readline())
        assert ready["event"] == "ready", ready
        self.login_uri, self.control_uri = ready["login_uri"], ready["control_uri"]
        self.pid = self.process.pid

    def cpu(self) -> float:
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Resident memory in MiB."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0


@contextlib.contextmanager
def serving(program: str, *flags: str):
    server = Server(program, *flags)
    try:
        yield server
    finally:
        server.stop()


def load(program: str, server: Server, *flags: str) -> dict:
    """One run of the load tool; its report. A run that lost or doubled anything ends this."""
    command = [
        program, "load", "--login", server.login_uri, "--control", server.control_uri,
        "--create", "--pid", str(server.pid), "--message-format", "json", *flags,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, (command, done.stderr.decode())
    return json.loads(done.stdout)


def show(what: str, figures: list, unit: str = "", digits: int = 0) -> None:
    listed = ", ".join(f"{figure:,.{digits}f}" for figure in figures)
    median = statistics.median(figures)
    print(f"  {what}: {median:,.{digits}f}{' ' + unit if unit else ''}  ({listed})", flush=True)


def start(program: str, runs: int) -> None:
    """From the start of the process to the answer of the first login."""

    def once(*flags: str) -> tuple:
        began = time.perf_counter()
        server = Server(program, *flags)
        ready = time.perf_counter()
        body = (
            "<?xml version='1.0'?><methodCall><methodName>login_to_simulator</methodName><params>"
            "<param><value><struct>"
            + "".join(
                f"<member><name>{name}</name><value><string>{value}</string></value></member>"
                for name, value in (
                    ("first", "Test"), ("last", "User"), ("start", "last"),
                    ("passwd", "$1$098f6bcd4621d373cade4e832627b4f6"),
                )
            )
            + "</struct></value></param></params></methodCall>"
        )  # fmt: skip
        request = urllib.request.Request(
            server.login_uri, body.encode(), {"Content-Type": "text/xml"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert b"seed_capability" in answer.read()
        logged_in = time.perf_counter()
        server.stop()
        return (ready - began) * 1000, (logged_in - began) * 1000

    print("start: milliseconds from the start of the process")
    with tempfile.TemporaryDirectory() as folder:
        forms = {
            "in memory": lambda run: ("--ephemeral",),
            "new data directory": lambda run: ("--data", f"{folder}/{run}"),
            "the same again": lambda run: ("--data", f"{folder}/0"),
        }
        for form, flags in forms.items():
            ready, logged_in = zip(*(once(*flags(run)) for run in range(runs)))
            show(f"{form}, ready", list(ready), "ms", 1)
            show(f"{form}, first login answered", list(logged_in), "ms", 1)


def chat(program: str, runs: int) -> None:
    """Fan-out of chat as fast as it goes, beside plain sockets in the same run."""
    print("chat: 1 speaker, 64 lines under way, 5 s")
    for agents in (30, 60, 100):
        with serving(program, "--ephemeral") as server:
            reports = [
                load(program, server, "--agents", str(agents), "--scenario", "chat",
                     "--speakers", "1", "--outstanding", "64", "--settle", "5",
                     "--duration", "5", "--calibrate")
                for _ in range(runs)
            ]  # fmt: skip
        print(f" {agents} agents")
        show("part of plain send_to, per CPU second", [r["limit"]["ratio"] for r in reports], "", 2)
        show("copies per second of server CPU",
             [r["server"]["delivered_per_cpu_s"] for r in reports])  # fmt: skip
        show("plain send_to per CPU second", [r["limit"]["send_to_per_cpu_s"] for r in reports])
        show("plain send_to per second", [r["limit"]["send_to_per_s"] for r in reports])
        show("copies per second", [r["delivered_per_s"] for r in reports])
        show("p50", [r["latency_ms"]["p50"] for r in reports], "ms", 1)
        show("p99", [r["latency_ms"]["p99"] for r in reports], "ms", 1)


def latency(program: str, runs: int) -> None:
    """How long a line of chat takes in a busy but not full region."""
    print("latency: chat, 100 agents, 10 speakers, 50 lines per second, 10 s")
    with serving(program, "--ephemeral") as server:
        reports = [
            load(program, server, "--agents", "100", "--scenario", "chat", "--speakers", "10",
                 "--rate", "50", "--settle", "5", "--duration", "10")
            for _ in range(runs)
        ]  # fmt: skip
    for key in ("p50", "p99", "p999", "max"):
        show(key, [r["latency_ms"][key] for r in reports], "ms", 2)
    show("server CPU", [r["server"]["cpu_percent"] for r in reports], "% of a core", 1)


def im(program: str, runs: int) -> None:
    """Instant messages between pairs as fast as it goes."""
    print("im: 100 pairs, one message under way each, 5 s")
    with serving(program, "--ephemeral") as server:
        reports = [
            load(program, server, "--agents", "200", "--scenario", "im", "--settle", "10",
                 "--duration", "5")
            for _ in range(runs)
        ]  # fmt: skip
    show("per second of server CPU", [r["server"]["delivered_per_cpu_s"] for r in reports])
    show("per second", [r["delivered_per_s"] for r in reports])
    for key in ("p50", "p99", "max"):
        show(key, [r["latency_ms"][key] for r in reports], "ms", 2)


def group(program: str, runs: int) -> None:
    """Text in the chat session of a group, at a rate and as fast as it goes."""
    print("group: 100 members, 10 speakers, 50 texts per second, 10 s")
    with serving(program, "--ephemeral") as server:
        reports = [
            load(program, server, "--agents", "100", "--scenario", "group", "--speakers", "10",
                 "--rate", "50", "--settle", "5", "--duration", "10")
            for _ in range(runs)
        ]  # fmt: skip
    for key in ("p50", "p99", "p999", "max"):
        show(key, [r["latency_ms"][key] for r in reports], "ms", 2)
    show("server CPU", [r["server"]["cpu_percent"] for r in reports], "% of a core", 1)
    print("group: 60 members, 1 speaker, 64 texts under way, 5 s")
    with serving(program, "--ephemeral") as server:
        reports = [
            load(program, server, "--agents", "60", "--scenario", "group", "--speakers", "1",
                 "--outstanding", "64", "--settle", "5", "--duration", "5", "--calibrate")
            for _ in range(runs)
        ]  # fmt: skip
    show("copies per second", [r["delivered_per_s"] for r in reports])
    show("copies per second of server CPU",
         [r["server"]["delivered_per_cpu_s"] for r in reports])  # fmt: skip
    show("part of plain send_to, per CPU second", [r["limit"]["ratio"] for r in reports], "", 2)
    show("p99", [r["latency_ms"]["p99"] for r in reports], "ms", 1)


def login(program: str, runs: int) -> None:
    """Logins on 16 connections, kept on disk, default password hashing, verified before."""
    print("login: 16 connections, accounts verified once, on disk, 5 s")
    for name, flags in (("answer only", ["--answer-only"]), ("in, entered and out", [])):
        with tempfile.TemporaryDirectory() as folder, serving(program, "--data", folder) as server:
            reports = [
                load(program, server, "--agents", "64", "--scenario", "login",
                     "--connections", "16", "--duration", "5", *flags)
                for _ in range(runs)
            ]  # fmt: skip
        print(f" {name}")
        show("per second", [r["logins_per_s"] for r in reports])
        show("p99", [r["login_ms"]["p99"] for r in reports], "ms", 1)
        show("server CPU per login",
             [1000 / r["server"]["delivered_per_cpu_s"] for r in reports], "ms", 3)  # fmt: skip
        cold = reports[0]["filling"]
        print(f"  first logins, never verified: {cold['logins_per_s']:,.0f} per second")


def burst(program: str, runs: int) -> None:
    """A thousand logins at once; the first time they come one after the other, to be verified."""
    print("burst: 1,000 logins at once, all enter")
    with tempfile.TemporaryDirectory() as folder, serving(program, "--data", folder) as server:
        flags = ["--agents", "1000", "--scenario", "idle", "--duration", "1"]
        began = time.perf_counter()
        cold = load(program, server, *flags, "--ramp", "25")
        spent = time.perf_counter() - began
        reports = [load(program, server, *flags) for _ in range(runs)]
    filling = cold["filling"]
    print(f"  cold, 25 per second: {filling['logins']} in, p99 {filling['login_ms']['p99']:,.0f} ms"
          f" (the whole run {spent:.0f} s)")  # fmt: skip
    show("entered", [r["connected"] for r in reports])
    show("seconds until the last was in", [r["filling"]["seconds"] for r in reports], "s", 2)
    show("p99 from request to entry", [r["login_ms"]["p99"] for r in reports], "ms")


def memory(program: str, runs: int) -> None:
    """Resident memory per idle agent, each with its circuit, long poll and connections."""
    print("memory: 1,000 agents, idle, when all are shown to all")
    figures = {"per agent": [], "whole server": [], "server CPU": []}
    for _ in range(runs):
        with serving(program, "--ephemeral") as server:
            report = load(program, server, "--agents", "1000", "--ramp", "200", "--scenario",
                          "idle", "--settle", "65", "--duration", "10")  # fmt: skip
        usage = report["server"]
        figures["per agent"].append((usage["rss_max_mb"] - usage["rss_start_mb"]) * 1024 / 1000)
        figures["whole server"].append(usage["rss_max_mb"])
        figures["server CPU"].append(usage["cpu_percent"])
    show("per agent, at most", figures["per agent"], "KiB", 1)
    show("whole server, at most", figures["whole server"], "MiB", 1)
    show("server CPU while idle", figures["server CPU"], "% of a core", 1)


def crowd(program: str, runs: int) -> None:
    """Regions as full as others get: what agents cost that walk, and that stand."""
    print("crowd: 60 who walk, without chat to speak of, 45 s; 100 who stand, 10 s")
    for name, flags in (
        ("60 walk", ["--agents", "60", "--scenario", "walk", "--speakers", "1", "--rate", "1",
                     "--duration", "45"]),
        ("100 stand", ["--agents", "100", "--scenario", "idle", "--settle", "5",
                       "--duration", "10"]),
    ):  # fmt: skip
        reports = []
        for _ in range(runs):
            with serving(program, "--ephemeral") as server:
                reports.append(load(program, server, *flags))
        print(f" {name}")
        show("server CPU", [r["server"]["cpu_percent"] for r in reports], "% of a core", 1)
        show("server memory before", [r["server"]["rss_start_mb"] for r in reports], "MiB", 1)
        show("server memory, at most", [r["server"]["rss_max_mb"] for r in reports], "MiB", 1)
        if reports[0]["freshness"]:
            figures = [r["freshness"]["all_ms"]["p99"] for r in reports]
            show("freshness of all, p99", figures, "ms")


def rude(program: str, runs: int) -> None:
    """What agents that never read or ack cost those who speak, and what is kept for them."""
    print("rude: 20 who speak 10 lines per second beside 100 and 1,000 rude ones, 30 s")
    for agents in (120, 1020):
        reports = []
        for _ in range(runs):
            with serving(program, "--ephemeral") as server:
                reports.append(
                    load(program, server, "--agents", str(agents), "--scenario", "chat",
                         "--speakers", "20", "--rate", "10", "--manner", "rude", "--ramp", "100",
                         "--duration", "30")
                )  # fmt: skip
        print(f" {agents - 20} rude")
        show("lost", [r["lost"] for r in reports])
        for key in ("p50", "p99", "max"):
            show(key, [r["latency_ms"][key] for r in reports], "ms", 1)
        show("server CPU", [r["server"]["cpu_percent"] for r in reports], "% of a core", 1)
    print("rude: a group of 402, 400 of them rude, 2 who send 200 texts per second, 30 s")
    reports, after = [], []
    for _ in range(runs):
        with serving(program, "--ephemeral") as server:
            reports.append(
                load(program, server, "--agents", "402", "--scenario", "group", "--speakers", "2",
                     "--rate", "200", "--manner", "rude", "--ramp", "100", "--duration", "30")
            )  # fmt: skip
            time.sleep(30)
            after.append(server.memory())
    show("server memory before", [r["server"]["rss_start_mb"] for r in reports], "MiB", 1)
    show("server memory, at most", [r["server"]["rss_max_mb"] for r in reports], "MiB", 1)
    show("half a minute after they left", after, "MiB", 1)


def polls(program: str, runs: int) -> None:
    """What 1,000 open long polls cost while nothing happens, without circuits."""
    print("polls: 1,000 event queues, each with an open long poll, 20 s")
    figures = []
    for _ in range(runs):
        with serving(program, "--ephemeral", "--open") as server:
            sockets = [poll(server, number) for number in range(1000)]
            time.sleep(2)
            before = server.cpu()
            # Less than a poll is held: no answer and no new poll falls into it.
            time.sleep(20)
            figures.append((server.cpu() - before) / 20 * 100)
            for open_poll in sockets:
                open_poll.close()
    show("server CPU", figures, "% of a core", 2)


def poll(server: Server, number: int) -> socket.socket:
    """Logs in, asks the seed, opens a second poll; the first one is answered at once."""
    fields = {"first": "Poll", "last": f"N{number}", "passwd": "test", "start": "last"}
    body = "<llsd><map>" + "".join(
        f"<key>{key}</key><string>{value}</string>" for key, value in fields.items()
    )
    answer = post(server.login_uri, body + "</map></llsd>")
    seed = answer.split("<key>seed_capability</key><string>")[1].split("<")[0]
    caps = post(seed, "<llsd><array><string>EventQueueGet</string></array></llsd>")
    url = caps.split("<key>EventQueueGet</key><string>")[1].split("<")[0]
    first = post(url, "<llsd><map><key>ack</key><undef/><key>done</key><boolean>0</boolean>"
                      "</map></llsd>")  # fmt: skip
    ack = first.split("<key>id</key><integer>")[1].split("<")[0]
    host, path = url.removeprefix("http://").split("/", 1)
    address, port = host.split(":")
    body = f"<llsd><map><key>ack</key><integer>{ack}</integer><key>done</key><boolean>0</boolean>"
    body += "</map></llsd>"
    opened = socket.create_connection((address, int(port)))
    opened.sendall(
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/llsd+xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return opened


def post(url: str, body: str) -> str:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/llsd+xml"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def growth(program: str, runs: int) -> None:
    """Server CPU per delivered datagram, chat as fast as it goes, by the number of agents."""
    print("growth: chat, 1 speaker, 4 lines under way, 5 s, when all are shown to all")
    counts = (10, 30, 100, 300, 1000)
    reports: dict = {agents: [] for agents in counts}
    # All counts in turn and then again, so that a slow quarter of an hour hits all of them.
    for _ in range(runs):
        for agents in counts:
            with serving(program, "--ephemeral") as server:
                reports[agents].append(
                    load(program, server, "--agents", str(agents), "--scenario", "chat",
                         "--speakers", "1", "--outstanding", "4", "--duration", "5",
                         "--settle", str(3 + agents * 65 // 1000), "--calibrate")
                )  # fmt: skip
    costs = {
        agents: [r["server"]["cpu_s"] * 1e6 / (r["delivered"] or 1) for r in reports[agents]]
        for agents in counts
    }
    for agents in counts:
        print(f" {agents} agents")
        show("server CPU per copy", costs[agents], "µs", 2)
        show("copies per second", [r["delivered_per_s"] for r in reports[agents]])
        ratios = [r["limit"]["ratio"] for r in reports[agents]]
        show("part of plain send_to, per CPU second", ratios, "", 2)
        show("p99", [r["latency_ms"]["p99"] for r in reports[agents]], "ms", 1)
    ratios = [many / some for many, some in zip(costs[1000], costs[100])]
    show("cost of a copy at 1,000 agents over that at 100", ratios, "", 2)


def walk(program: str, runs: int, seconds: int) -> None:
    """A thousand agents that all walk, chat on."""
    print(f"walk: 1,000 agents, 10 speakers, 10 lines per second, {seconds} s")
    reports = []
    for _ in range(runs):
        with serving(program, "--ephemeral") as server:
            reports.append(
                load(program, server, "--agents", "1000", "--scenario", "walk", "--speakers",
                     "10", "--rate", "10", "--duration", str(seconds))
            )  # fmt: skip
    show("held", [r["series"][-2]["connected"] for r in reports])
    show("lost", [r["lost"] for r in reports])
    show("doubled", [r["doubled"] for r in reports])
    show("chat p50", [r["latency_ms"]["p50"] for r in reports], "ms", 1)
    show("chat p99", [r["latency_ms"]["p99"] for r in reports], "ms", 1)
    for name, key in (("nearest 20", "nearest_20_ms"), ("all", "all_ms")):
        for part in ("p50", "p99"):
            figures = [r["freshness"][key][part] for r in reports]
            show(f"freshness of {name}, {part}", figures, "ms")
    show("avatars known", [r["freshness"]["known"] for r in reports])
    show("server CPU", [r["server"]["cpu_percent"] for r in reports], "% of a core", 1)
    show("server memory, at most", [r["server"]["rss_max_mb"] for r in reports], "MiB", 1)
    show("datagrams to agents per second",
         [r["datagrams"]["received"] / r["duration_s"] for r in reports])  # fmt: skip


ROWS = {
    row.__name__: row
    for row in (
        start, chat, latency, im, group, login, burst, memory, crowd, rude, polls, growth,
    )  # fmt: skip
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join([*ROWS, "walk"]))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--program", default="target/release/holm")
    parser.add_argument("--walk", type=int, default=600, metavar="SECONDS")
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - set(ROWS) - {"walk"}
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    print(f"{platform.platform()}, {os.cpu_count()} cores")
    for name in arguments.rows or ROWS:
        if name == "walk":
            walk(arguments.program, arguments.runs or 1, arguments.walk)
        else:
            ROWS[name](arguments.program, arguments.runs or 5)


if __name__ == "__main__":
    main()
