"""Fenced code blocks of the pages, and of the headers of examples, with where they stand."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^( *)(`{3,})(.*)$")


@dataclass(frozen=True)
class Block:
    file: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.language}"


def of_file(root: Path, path: Path) -> list[Block]:
    blocks, inside, file = [], None, str(path.relative_to(root))
    lines_of_file = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".rs":
        lines_of_file = [header_line(line) for line in lines_of_file]
    for number, line in enumerate(lines_of_file, 1):
        fence = FENCE.match(line)
        if inside is None and fence:
            inside = (number, fence, [])
        elif inside is not None:
            first, opening, lines = inside
            if fence and fence[2] == opening[2] and not fence[3].strip():
                blocks.append(Block(file, first, opening[3].strip(), "\n".join(lines) + "\n"))
                inside = None
            else:
                lines.append(line.removeprefix(opening[1]))
    if inside is not None:
        raise ValueError(f"{file}:{inside[0]}: the block has no end")
    return blocks


def header_line(line: str) -> str:
    return line.removeprefix("//!").removeprefix(" ") if line.startswith("//!") else ""


def of_project(root: Path) -> list[Block]:
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    files = [*pages, *sorted((root / "examples").glob("*.rs"))]
    return [block for file in files for block in of_file(root, file)]
