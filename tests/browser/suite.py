#!/usr/bin/env python3
"""Makes reports by short real runs and looks at them in headless Chromium.

    suite.py HOLM CHROMIUM

Only the standard library. Each report's page is loaded with probe.js at its end, which measures
what the browser made of it; the figures are held against the JSON report of the same run.
"""

import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ERRORS = """<script>
window.seenErrors = [];
addEventListener("error", (event) => seenErrors.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => seenErrors.push(event.violatedDirective));
console.error = (...words) => seenErrors.push(words.join(" "));
</script>"""
# Windows have a least width, frames have not.
FRAME = """<!DOCTYPE html><script>
addEventListener("message", (event) => {
  const element = document.createElement("pre");
  element.id = "probe-result";
  element.textContent = event.data;
  document.body.append(element);
});
</script><body><iframe style="border: 0; width: %dpx; height: 1000px" src="%s"></iframe></body>"""


MARKUP = "<script>console.error('taken')</script>"


class Grid:
    """A server on free ports that keeps nothing."""

    def __init__(self, holm):
        ports = ["--http-port", "0", "--udp-port", "0", "--control-port", "0"]
        ports += ["--script-port", "0"]
        self.process = subprocess.Popen(
            [holm, "serve", "--log", "warn", "--ephemeral", "--message-format", "json", *ports],
            stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        assert ready["event"] == "ready", ready
        self.login, self.control = ready["login_uri"], ready["control_uri"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def load(holm, folder, name, arguments, code):
    """Runs `holm load`; gives its JSON report and the path of its page."""
    page, report = folder / f"{name}.html", folder / f"{name}.json"
    run = subprocess.run(
        [holm, "load", *arguments, "--message-format", "json", "--report", page, "--report", report],
        capture_output=True, text=True, timeout=120)
    assert run.returncode == code, f"{name}: exit code {run.returncode}: {run.stderr}"
    printed = json.loads(run.stdout)
    assert printed == json.loads(report.read_text()), f"{name}: stdout and the file differ"
    return printed, page


class Result(html.parser.HTMLParser):
    """Finds what the probe left."""

    def __init__(self):
        super().__init__()
        self.inside, self.text = False, ""

    def handle_starttag(self, tag, attributes):
        self.inside = dict(attributes).get("id") == "probe-result"

    def handle_data(self, data):
        self.text += data if self.inside else ""

    def handle_endtag(self, tag):
        self.inside = False


def look(chromium, page, width):
    """What a browser of this width makes of the page."""
    text = page.read_text()
    probe = (HERE / "probe.js").read_text()
    assert text.count("<head>") == 1 and text.count("</body>") == 1
    text = text.replace("<head>", "<head>" + ERRORS)
    text = text.replace("</body>", f"<script>{probe}</script></body>")
    probed = page.with_suffix(".probed.html")
    probed.write_text(text)
    frame = page.with_suffix(".frame.html")
    frame.write_text(FRAME % (width, probed.as_uri()))
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run(
            [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-extensions", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
             "--window-size=1400,1100", "--virtual-time-budget=2000", "--enable-logging=stderr",
             "--dump-dom", frame.as_uri()],
            capture_output=True, text=True, timeout=120)
    result = Result()
    result.feed(run.stdout)
    assert result.text, f"the browser left no result: {run.stderr[-2000:]}"
    seen = json.loads(result.text)
    seen["errors"] += [line for line in run.stderr.splitlines() if ":CONSOLE" in line]
    return seen


def at(report, pointer):
    """The value at a JSON pointer."""
    value = report
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def numbers(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+),([\d.]+)", path)]


def no_errors(seen, _):
    assert seen["errors"] == [], seen["errors"]
    assert seen["requests"] == [], seen["requests"]


def figures_are_those_of_the_json_report(seen, report):
    assert len(seen["cells"]) >= 25, len(seen["cells"])
    for key, text, is_visible in seen["cells"]:
        expected = at(report, key)
        shown = text.replace(",", "")
        decimals = len(shown.partition(".")[2])
        # The digits that are shown are right, the last one rounded.
        assert abs(float(shown) - expected) <= 0.5000001 * 10 ** -decimals, (key, text, expected)
        # And there are enough of them.
        assert decimals >= 3 or abs(expected) >= 0.99 or expected == 0, (key, text, expected)
        assert is_visible, f"{key} is not to be seen"
    kinds = report["messages"]
    counted = sum(len(names) for names in kinds.values())
    assert counted == sum(key.startswith("/messages/") for key, _, _ in seen["cells"])


def charts_have_their_lines_inside(seen, _):
    for chart in seen["charts"]:
        title = chart["title"]
        assert chart["isVisible"] and chart["textsInside"], title
        assert chart["lines"], f"{title} has no line"
        assert chart["legend"] == [line["name"] for line in chart["lines"]], title
        assert len(chart["left"]) >= 2 and len(chart["below"]) >= 2, title
        left, top, right, bottom = chart["plot"]
        for line in chart["lines"]:
            x1, y1, x2, y2 = line["bounds"]
            inside = left - 0.1 <= x1 <= x2 <= right + 0.1 and top - 0.1 <= y1 <= y2 <= bottom + 0.1
            assert inside, (title, line["name"], line["bounds"])
            assert line["stroke"] not in ("none", "rgba(0, 0, 0, 0)"), (title, line["stroke"])
            points = numbers(line["path"])
            assert points, (title, line["name"])
            for x, y in points:
                assert left - 0.1 <= x <= right + 0.1 and top - 0.1 <= y <= bottom + 0.1, (x, y)


def charts_show_the_series(seen, report):
    for chart in seen["charts"]:
        for line in chart["lines"]:
            data = [tuple(map(float, pair.split(":"))) for pair in line["data"].split()]
            if chart["across"] == "names":
                row = at(report, "/" + line["key"])
                expected = [(n, row[p]) for n, p in enumerate(["p50", "p90", "p99", "p999", "max"])]
                assert data == expected, (chart["title"], line["name"])
            else:
                seconds = {second["t_s"]: second[line["key"]] for second in report["series"]}
                assert all(seconds[t] == value for t, value in data), (chart["title"], line["key"])
                drawn = {t for t, _ in data}
                # What is left out is a gap: a second in which nothing of the kind was measured.
                for second in report["series"]:
                    gap = second["delivered"] == 0 or second[line["key"]] == 0
                    assert second["t_s"] in drawn or gap, (chart["title"], line["key"], second)
            # What is more lies higher.
            points = [pair for pair in dict.fromkeys(numbers(line["path"]))]
            if len(points) == len(data):
                by_value = sorted(zip(data, points), key=lambda both: both[0][1])
                heights = [y for _, (_, y) in by_value]
                assert heights == sorted(heights, reverse=True), (chart["title"], line["name"])


def pointer_reads_out_values(seen, _):
    for chart in seen["charts"]:
        assert chart["isShown"] and chart["isHidden"], chart["title"]
        assert len(chart["read"]) == 1 + len(chart["lines"]), (chart["title"], chart["read"])
        for line, text in zip(chart["lines"], chart["read"][1:]):
            assert text.startswith(line["name"]), (chart["title"], text)


def fits_the_window(seen, _):
    assert seen["width"] in WIDTHS, seen["width"]
    assert seen["overflow"] <= 0, (seen["width"], seen["overflow"])


def charts_are(*titles):
    def check(seen, _):
        found = [chart["title"] for chart in seen["charts"]]
        missing = [title for title in titles if title not in found]
        assert not missing, (missing, found)
    check.__name__ = "charts_are_there"
    return check


def all_went_well(seen, _):
    assert seen["badge"] == "complete" and seen["trouble"] == [], (seen["badge"], seen["trouble"])


def failure_is_on_top(seen, report):
    assert seen["badge"] == "failed", seen["badge"]
    assert report["failure"] and seen["trouble"][0] == report["failure"], seen["trouble"]
    assert seen["order"][0] == "trouble", seen["order"]


def markup_is_text(seen, report):
    assert MARKUP in " ".join(report["command"]), report["command"]
    assert MARKUP.replace("'", "'\\''") in seen["command"], seen["command"]


WIDTHS = (1280, 400)
EVERY = [no_errors, figures_are_those_of_the_json_report, fits_the_window]
DRAWN = [charts_have_their_lines_inside, charts_show_the_series, pointer_reads_out_values]


def cases(holm, folder):
    """Name, report, page and checks of each run."""
    with Grid(holm) as grid:
        target = ["--login", grid.login, "--control", grid.control, "--create"]
        server = ["--pid", str(grid.process.pid)]
        run = ["--duration", "3", "--drain", "5"]

        def made(name, arguments, code=0):
            return name, *load(holm, folder, name, arguments, code)

        chat = ["--scenario", "chat", "--agents", "8", "--rate", "40", "--calibrate"]
        yield *made("chat", [*target, *server, *run, *chat]), [
            *EVERY, *DRAWN, all_went_well,
            charts_are("Percentiles", "Latency", "Messages and datagrams", "CPU", "Server memory")]
        walk = ["--scenario", "walk", "--agents", "6", "--rate", "5"]
        yield *made("walk", [*target, *server, *run, *walk]), [
            *EVERY, *DRAWN, all_went_well, charts_are("Freshness of the nearest 20 avatars")]
        login = ["--scenario", "login", "--agents", "4", "--connections", "2"]
        yield *made("login", [*target, *server, *run, *login]), [
            *EVERY, *DRAWN, all_went_well, charts_are("Percentiles", "Logins")]
    # The grid is gone now. Its address goes into the page, and so does what looks like markup.
    dead = ["--login", grid.login, "--accounts", folder / "accounts.json", "--agents", "1"]
    account = {"first": "A", "last": "B", "password": "x"}
    (folder / "accounts.json").write_text(json.dumps([account]))
    yield *made("dead", [*dead, "--token", "x", "--scenario", "idle", *run], 10), [
        *EVERY, failure_is_on_top]
    yield *made("hostile", [*dead, "--control", f"http://127.0.0.1:1/?{MARKUP}", "--scenario", "idle", *run], 10), [
        *EVERY, failure_is_on_top, markup_is_text]


def main():
    holm, chromium = sys.argv[1:]
    passed = failed = 0

    def verdict(name, problem):
        nonlocal passed, failed
        passed, failed = passed + (problem is None), failed + (problem is not None)
        print(f"{'ok  ' if problem is None else 'FAIL'} {name}", flush=True)
        if problem is not None:
            print(f"     {problem!r}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, report, page, checks in cases(holm, pathlib.Path(folder)):
                for width in WIDTHS:
                    seen = look(chromium, page, width)
                    for check in checks:
                        title = f"{name}, {width} wide: {check.__name__.replace('_', ' ')}"
                        try:
                            check(seen, report)
                        except (AssertionError, KeyError, ValueError) as problem:
                            verdict(title, problem)
                        else:
                            verdict(title, None)
        except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as problem:
            verdict("the runs and the browser", problem)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
