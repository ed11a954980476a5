"""Runs the code blocks of README.md, docs/ and examples/ against a built holm.

    python suite.py PATH_OF_HOLM PYTHON_WITH_HIPPOLYZER [PART_OF_A_NAME...]
"""

import sys
import tempfile
from pathlib import Path

import blocks
import rules
from actions import World, no_code
from grid import check


def main(program: str, python: str, parts: list[str]) -> int:
    root = Path(__file__).resolve().parents[2]
    found = blocks.of_project(root)
    passed = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "bin").mkdir()
        (folder / "bin/holm").symlink_to(program)
        world = World(root, folder, program, python, found)
        for block in found:
            rule = rules.rule_of(block)
            if rule and rule.action is no_code or parts and not any(p in block.name for p in parts):
                continue
            try:
                check(rule, "no rule in tests/samples/rules.py says how this block is tested")
                rule.action(world, block, **rule.options)
                passed += 1
                how = rule.options.get("why") or rule.action.__name__
                print(f"ok {block.name}: {how}", flush=True)
            except Exception as error:
                failed += 1
                print(f"not ok {block.name}: {error}", flush=True)
        for example in sorted(root.glob("examples/*.rs")):
            shown = [block for block in found if (root / block.file) == example]
            if len(shown) != 1:
                failed += 1
                print(f"not ok {example.name}: {len(shown)} blocks in its header", flush=True)
        for rule in rules.RULES:
            if not any(rules.rule_of(block) is rule for block in found):
                failed += 1
                print(f"not ok rules.py: no block is left for {rule}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python suite.py PATH_OF_HOLM PYTHON_WITH_HIPPOLYZER [PART_OF_A_NAME...]")
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
