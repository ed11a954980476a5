"""Checks C# samples against what is known of the libraries that they use.

No C# compiler can be had from the package registries that CI uses. csharp.json has the types of each
library, by the namespace that a sample imports, with the members that a sample may use and what
they are; they were read in the libraries' published source. A name that is not in there fails.
"""

import json
import re
from pathlib import Path

from grid import check

FACTS = json.loads((Path(__file__).parent / "csharp.json").read_text(encoding="utf-8"))
KEYWORDS = {"using", "var", "new", "if", "else", "await"}
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
CHAIN = re.compile(r"\b(new +|await +)?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")


def check_sample(text: str) -> None:
    spaces = re.findall(r"^using (\w+);$", text, re.MULTILINE)
    types = {}
    for space in spaces:
        check(space in FACTS, f"no namespace {space} is known")
        types |= FACTS[space]["types"]
    code = STRINGS.sub('""', text)
    code = re.sub(r"^using .*;$|//.*$", "", code, flags=re.MULTILINE)
    for opening, closing in ["()", "{}", "[]"]:
        check(code.count(opening) == code.count(closing), f"{opening} and {closing} do not match")
    variables = {}
    for statement in re.split(r"[;{}]", code):
        check_statement(statement.strip(), types, variables)


def check_statement(statement: str, types: dict, variables: dict) -> None:
    declared = re.match(r"var (\w+) = ", statement)
    rest = statement[declared.end():] if declared else statement
    value = None
    for before, chain in CHAIN.findall(rest):
        if chain in KEYWORDS:
            continue
        first, *members = chain.split(".")
        if before.strip() == "new":
            check(first in types and not members, f"new {chain}: no such type")
            kind = first
        else:
            kind = variables.get(first) or (first if first in types else None)
            check(kind, f"{chain}: {first} is neither a variable nor a type")
        for member in members:
            known = types.get(kind, {})
            check(member in known, f"{chain}: {kind} has no {member}")
            kind = known[member]
        awaits = before.strip() == "await"
        check(kind.startswith("Task") == awaits, f"{chain} gives {kind}, awaited: {awaits}")
        value = value or kind
    if declared:
        check(value, f"{statement}: no value")
        variables[declared[1]] = value
