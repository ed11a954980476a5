"""What the final stage of the Dockerfile says."""

import json
import re
from pathlib import Path


class Stage:
    def __init__(self, path: Path):
        text = path.read_text(encoding="utf-8")
        self.comments = "\n".join(re.findall(r"^# ?(.*)$", text, re.MULTILINE))
        text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
        final = text[text.rindex("FROM "):]
        self.lines = [line.split(None, 1) for line in final.splitlines() if line.strip()]

    def all(self, instruction: str) -> list[str]:
        return [rest for name, rest in self.lines if name == instruction]

    def one(self, instruction: str) -> str:
        found = self.all(instruction)
        if len(found) != 1:
            raise ValueError(f"{len(found)} instructions {instruction}")
        return found[0]

    @property
    def entrypoint(self) -> list[str]:
        return json.loads(self.one("ENTRYPOINT"))

    @property
    def command(self) -> list[str]:
        return json.loads(self.one("CMD"))

    @property
    def health(self) -> list[str]:
        return json.loads(self.one("HEALTHCHECK").split("CMD", 1)[1])

    @property
    def environment(self) -> dict[str, str]:
        pairs = " ".join(self.all("ENV")).split()
        return dict(pair.split("=", 1) for pair in pairs)

    @property
    def ports(self) -> list[str]:
        return sorted(" ".join(self.all("EXPOSE")).split())
