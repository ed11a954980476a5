"""Fenced code blocks of Markdown files, with where they stand."""

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
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
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


def of_project(root: Path) -> list[Block]:
    files = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    return [block for file in files for block in of_file(root, file)]
