#!/usr/bin/env python3
"""Fails if a line of prose in the given Markdown files has more than 100 characters.

Table rows, lines that hold a URL and code in fences may be longer.
"""
import sys

LIMIT = 100


def is_fence(line):
    return line.lstrip().startswith(("```", "~~~"))


def too_long(path):
    in_fence = False
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if is_fence(line):
                in_fence = not in_fence
            elif not in_fence and len(line) > LIMIT:
                if not line.lstrip().startswith("|") and "://" not in line:
                    yield f"{path}:{number}: {len(line)} columns, more than {LIMIT}"


def main(paths):
    problems = [problem for path in paths for problem in too_long(path)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
