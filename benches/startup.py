#!/usr/bin/env python3
"""Start-up time and idle memory of a release build.

    cargo build --release && python3 benches/startup.py [PROGRAM [STARTS]]

Each start is `holm --ephemeral` on free ports, from the start of the process to the `ready` line;
memory is the resident set two seconds later (Linux only). Prints the median and all figures.
"""

import json
import signal
import statistics
import subprocess
import sys
import time


def resident_kib(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main() -> None:
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/holm"
    starts = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ports = [flag for name in ("http", "udp", "control", "script") for flag in (f"--{name}-port", "0")]
    command = [program, "--ephemeral", "--message-format", "json", *ports]
    times, memory = [], []
    for _ in range(starts):
        began = time.perf_counter()
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = server.stdout.readline()
        times.append((time.perf_counter() - began) * 1000)
        assert json.loads(line)["event"] == "ready", line
        time.sleep(2)
        memory.append(resident_kib(server.pid))
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0, "a stopped server exits with 0"
    for what, unit, figures in (("start", "ms", times), ("memory", "KiB", memory)):
        listed = ", ".join(f"{figure:.0f}" for figure in figures)
        print(f"{what}: median {statistics.median(figures):.0f} {unit} ({listed})")


if __name__ == "__main__":
    main()
