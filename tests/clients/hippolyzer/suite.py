"""Drives HippoClient, the headless client of Hippolyzer, against a holm server.

    python suite.py PATH_OF_HOLM

One line for each case goes to stdout, then `N passed, M failed`; the exit code is 0 only when no
case failed. The library logs what it cannot read and goes on; the last case fails if it did.
"""

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
import time
import urllib.request
import warnings
from collections import deque
from pathlib import Path

# The library still asks setuptools where its data files are, which warns on every import.
warnings.filterwarnings("ignore", category=UserWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning)

from hippolyzer.lib.base.datatypes import UUID, Vector3  # noqa: E402
from hippolyzer.lib.base.inventory import InventoryCategory, InventoryItem  # noqa: E402
from hippolyzer.lib.base.message.message import Block, Message  # noqa: E402
from hippolyzer.lib.base.templates import ChatType, PCode  # noqa: E402
from hippolyzer.lib.client.hippo_client import HippoClient  # noqa: E402

READY_DEADLINE = 20.0
CASE_DEADLINE = 30.0
SUITE_DEADLINE = 180.0
STEP = 0.02


class Server:
    """A holm process of our own, on free ports, that keeps nothing."""

    def __init__(self, program: str):
        self.log = deque(maxlen=60)
        ports = ["--http-port", "--udp-port", "--control-port", "--script-port"]
        flags = [word for port in ports for word in (port, "0")]
        self.process = subprocess.Popen(
            [program, "serve", "--ephemeral", *flags, "--message-format", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.set_blocking(self.process.stderr.fileno(), False)
        self.ready = {}

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        line = await asyncio.wait_for(
            loop.run_in_executor(None, self.process.stdout.readline), READY_DEADLINE
        )
        if not line:
            raise RuntimeError(f"the server ended with {self.process.wait()}")
        self.ready = json.loads(line)
        loop.add_reader(self.process.stderr, self._keep_log)

    @property
    def login_uri(self) -> str:
        return self.ready["login_uri"]

    def listed(self, what: str) -> list:
        """The entries of a list of the control listener."""
        url = self.ready["control_uri"] + f"v1/{what}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)[what]

    def ask(self, method: str, path: str, body: dict | None = None) -> dict:
        """Any other request to the control listener."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = self.ready["control_uri"] + path
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"{}")

    def _keep_log(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = self.process.stderr.read(65536)
            self.log.extend((data or b"").decode(errors="replace").splitlines())


class Client:
    """One avatar, with a record of what it was told."""

    def __init__(self, name: str):
        self.name = name
        self.hippo = HippoClient()
        self.heard = []
        self.messages = []
        self.events = []

    async def enter(self, server: Server, x: int, y: int) -> None:
        region = server.ready["regions"][0]["name"]
        await self.hippo.login(
            self.name, "test", server.login_uri,
            start_location=f"uri:{region}&{x}&{y}&30", connect=False,
        )
        handler = self.hippo.session.message_handler
        handler.subscribe("ChatFromSimulator", lambda m: self.heard.append(self._chat(m)))
        handler.subscribe("ImprovedInstantMessage", lambda m: self.messages.append(self._im(m)))
        handler.subscribe("ParcelProperties", lambda m: self.events.append(m.name))
        await asyncio.wait_for(self.region.connect(main_region=True), CASE_DEADLINE)

    @property
    def region(self):
        return self.hippo.session.regions[-1]

    @property
    def id(self) -> UUID:
        return self.hippo.session.agent_id

    def avatar(self, of: "Client"):
        """The avatar object of that client as this one knows it, or None."""
        found = self.hippo.session.objects.lookup_fullid(of.id)
        return found if found is not None and found.PCode == PCode.AVATAR else None

    async def instant_message(self, to: UUID, text: str, dialog: int = 0) -> None:
        await self.region.circuit.send_reliable(Message(
            "ImprovedInstantMessage",
            Block("AgentData", AgentID=self.id, SessionID=self.hippo.session.id),
            Block(
                "MessageBlock", FromGroup=False, ToAgentID=to, Dialog=dialog, Offline=0,
                FromAgentName=self.name, Message=text, BinaryBucket=b"\0", fill_missing=True,
            ),
            Block("EstateBlock", EstateID=0),
        ))

    @staticmethod
    def _chat(message: Message) -> dict:
        block = message["ChatData"][0]
        return {
            "from": block["SourceID"], "name": str(block["FromName"]), "text": str(block["Message"]),
            "type": block["ChatType"],
        }

    @staticmethod
    def _im(message: Message) -> dict:
        block = message["MessageBlock"][0]
        return {
            "from": message["AgentData"]["AgentID"], "name": str(block["FromAgentName"]),
            "text": str(block["Message"]), "dialog": block["Dialog"], "id": block["ID"],
        }


class Complaints(logging.Handler):
    """What the library logged as a warning or worse."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            text += f" ({record.exc_info[1]!r})"
        self.lines.append(" ".join(text.split()))


class Suite:
    def __init__(self, server: Server, complaints: Complaints):
        self.server = server
        self.complaints = complaints
        self.one = Client("Test User")
        self.two = Client("Alice Tester")

    def cases(self):
        return [
            ("two clients log in and enter", self.enters),
            ("the handshake tells the region", self.handshake),
            ("each sees the avatar, name and place of the other", self.sees),
            ("a line is heard by the other and by the speaker", self.says),
            ("a whisper is not heard beyond 10 m", self.whispers),
            ("typing is shown nearby", self.types),
            ("an instant message arrives with the name of the sender", self.instant_message),
            ("the event queue brings every parcel", self.parcels),
            ("names of ids are answered", self.names),
            ("the inventory skeleton has one root", self.skeleton),
            ("a folder can be fetched and read", self.folder),
            ("a prim is seen, and what it says is heard", self.objects),
            ("the movement of one is seen by the other", self.moves),
            ("a client that leaves without waiting is gone", self.leaves),
            ("nothing of anybody stays behind", self.nothing_left),
            ("the library had nothing to complain about", self.no_complaints),
        ]

    async def enters(self):
        await self.one.enter(self.server, 100, 40)
        await self.two.enter(self.server, 115, 40)

    async def handshake(self):
        expected = self.server.ready["regions"][0]
        for client in (self.one, self.two):
            equal(client.region.name, expected["name"])
            equal(client.region.handle, (expected["x"] * 256 << 32) | expected["y"] * 256)

    async def sees(self):
        for client, other, x in ((self.one, self.two, 115), (self.two, self.one, 100)):
            avatar = await until(lambda: client.avatar(other), f"{client.name} should see {other.name}")
            names = avatar.NameValue.to_dict()
            equal(f"{names['FirstName']} {names['LastName']}", other.name)
            check(abs(avatar.Position.X - x) < 0.5, f"stands at {avatar.Position}")
            check(abs(avatar.Position.Y - 40) < 0.5, f"stands at {avatar.Position}")
            await until(
                lambda: other.id in client.region.objects.state.coarse_locations,
                f"{client.name} should have the coarse location of {other.name}",
                10,
            )

    async def says(self):
        await self.one.hippo.send_chat("hällo ✓")
        for client in (self.one, self.two):
            line = await heard(client, "hällo ✓")
            equal(line["from"], self.one.id)
            equal(line["name"], self.one.name)
            equal(line["type"], ChatType.NORMAL)

    async def whispers(self):
        # The instant message goes out after the echo, so it arrives after any whisper would.
        await self.one.hippo.send_chat("psst", chat_type=ChatType.WHISPER)
        await heard(self.one, "psst")
        await self.one.instant_message(self.two.id, "after the whisper")
        await received(self.two, "after the whisper")
        check(not any(line["text"] == "psst" for line in self.two.heard), "it was heard at 15 m")

    async def types(self):
        for kind in (ChatType.TYPING_START, ChatType.TYPING_STOP):
            await self.one.hippo.send_chat("", chat_type=kind)
            await until(
                lambda: any(
                    line["type"] == kind and line["from"] == self.one.id for line in self.two.heard
                ),
                f"{kind.name} should arrive",
            )

    async def instant_message(self):
        await self.one.instant_message(self.two.id, "just for you")
        message = await received(self.two, "just for you")
        equal(message["from"], self.one.id)
        equal(message["name"], self.one.name)
        equal(message["id"], self.one.id ^ self.two.id)

    async def parcels(self):
        manager = self.one.region.parcel_manager
        await asyncio.wait_for(manager.parcels_downloaded.wait(), 15)
        check(len(manager.parcels) >= 1 and all(manager.parcels), "a parcel is missing")
        check("ParcelProperties" in self.one.events, "no event")

    async def names(self):
        reply = self.one.region.message_handler.wait_for(("UUIDNameReply",), timeout=10)
        await self.one.region.circuit.send_reliable(
            Message("UUIDNameRequest", Block("UUIDNameBlock", ID=self.two.id))
        )
        block = (await reply)["UUIDNameBlock"][0]
        equal(block["ID"], self.two.id)
        equal(f"{block['FirstName']} {block['LastName']}", self.two.name)

    async def skeleton(self):
        model = self.one.hippo.session.inventory_manager.model
        check(model.root is not None, "no root")
        check(len(model.root.children) >= 15, f"{len(model.root.children)} folders below the root")

    async def folder(self):
        session = self.one.hippo.session
        root = session.inventory_manager.model.root
        folders = (await self._fetch(root.node_id))["folders"]
        equal(len(folders), 1)
        categories = [InventoryCategory.from_llsd(entry, "ais") for entry in folders[0]["categories"]]
        equal(
            {category.node_id for category in categories},
            {child.node_id for child in root.children},
        )
        outfit = next(category for category in categories if category.pref_type == 46)
        links = (await self._fetch(outfit.node_id))["folders"][0]["items"]
        items = [InventoryItem.from_llsd(entry, "ais") for entry in links]
        check(items, "the current outfit is empty")

    async def _fetch(self, folder: UUID) -> dict:
        request = {"folders": [{
            "folder_id": folder, "owner_id": self.one.id,
            "fetch_folders": True, "fetch_items": True, "sort_order": 0,
        }]}
        async with self.one.region.caps_client.post("FetchInventoryDescendents2", llsd=request) as answer:
            answer.raise_for_status()
            return await answer.read_llsd()

    async def objects(self):
        made = self.server.ask("POST", "v1/objects", {
            "name": "Bell", "owner": "Test User", "position": [105, 40, 23], "shape": "cylinder",
            "text": "hover text", "description": "What it is.",
        })
        key = UUID(made["id"])
        for client in (self.one, self.two):
            objects = client.hippo.session.objects
            prim = await until(lambda: objects.lookup_fullid(key), f"{client.name} should see it")
            equal(prim.PCode, PCode.PRIMITIVE)
            equal(tuple(prim.Position), (105.0, 40.0, 23.0))
            equal(str(prim.Text), "hover text")
            told = client.region.objects.request_object_properties(prim)
            await asyncio.wait_for(asyncio.gather(*told), 10)
            equal((prim.Name, prim.Description), ("Bell", "What it is."))
            equal(prim.OwnerID, self.one.id)
        said = {"channel": 0, "text": "I am a bell ✓"}
        self.server.ask("POST", f"v1/objects/{made['id']}/say", said)
        for client in (self.one, self.two):
            line = await heard(client, said["text"])
            equal((line["from"], line["name"], line["type"]), (key, "Bell", ChatType.NORMAL))
        self.server.ask("DELETE", f"v1/objects/{made['id']}")
        for client in (self.one, self.two):
            objects = client.hippo.session.objects
            await until(lambda: objects.lookup_fullid(key) is None, "it should be gone")

    async def moves(self):
        start = self.two.avatar(self.one).Position.X
        end = time.monotonic() + 10
        while self.two.avatar(self.one).Position.X < start + 2:
            check(time.monotonic() < end, f"it is at {self.two.avatar(self.one).Position}")
            self._agent_update(1)
            await asyncio.sleep(0.1)
        self._agent_update(0)

    def _agent_update(self, control_flags: int) -> None:
        self.one.region.circuit.send(Message("AgentUpdate", Block(
            "AgentData", AgentID=self.one.id, SessionID=self.one.hippo.session.id,
            CameraAtAxis=Vector3(1, 0, 0), CameraLeftAxis=Vector3(0, 1, 0),
            CameraUpAxis=Vector3(0, 0, 1), Far=64.0, ControlFlags=control_flags, fill_missing=True,
        )))

    async def leaves(self):
        gone = self.one.id
        await self.one.hippo.aclose()
        await until(
            lambda: self.two.hippo.session.objects.lookup_fullid(gone) is None,
            "the other client should see the avatar go",
        )
        await until(
            lambda: len(self.server.listed("agents")) == 1, "one agent should be left"
        )

    async def nothing_left(self):
        await self.two.hippo.aclose()
        for what in ("agents", "circuits"):
            await until(lambda: not self.server.listed(what), f"no {what} should be left", 10)

    async def no_complaints(self):
        check(not self.complaints.lines, "; ".join(dict.fromkeys(self.complaints.lines)))


async def until(question, what: str, seconds: float = 5.0):
    """Asks again and again until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        check(time.monotonic() < end, f"{what} (waited {seconds:g} s)")
        await asyncio.sleep(STEP)


async def heard(client: Client, text: str) -> dict:
    return await until(
        lambda: next((line for line in client.heard if line["text"] == text), None),
        f"{client.name} should hear {text!r}",
    )


async def received(client: Client, text: str) -> dict:
    return await until(
        lambda: next((line for line in client.messages if line["text"] == text), None),
        f"{client.name} should receive {text!r}",
    )


def check(condition, reason: str) -> None:
    if not condition:
        raise AssertionError(reason)


def equal(actual, expected) -> None:
    check(actual == expected, f"{actual!r} instead of {expected!r}")


async def run(server: Server) -> int:
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: complaints.lines.append(
            f"{context['message']} {context.get('exception')!r}"
        )
    )
    await server.start()
    passed = failed = 0
    for name, case in Suite(server, complaints).cases():
        number = passed + failed + 1
        try:
            await asyncio.wait_for(case(), CASE_DEADLINE)
        except Exception as error:
            failed += 1
            reason = " ".join(str(error).split()) or type(error).__name__
            print(f"not ok {number} {name}: {reason}", flush=True)
            if number == 1:
                break
        else:
            passed += 1
            print(f"ok {number} {name}", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    if failed:
        sys.stderr.writelines(f"    library: {line}\n" for line in complaints.lines[-40:])
        sys.stderr.writelines(f"    holm: {line}\n" for line in server.log)
    return 1 if failed else 0


async def main(program: str) -> int:
    server = Server(program)
    try:
        return await asyncio.wait_for(run(server), SUITE_DEADLINE)
    except Exception as error:
        print(f"not ok 1 the suite as a whole: {error!r}\n0 passed, 1 failed", flush=True)
        return 1
    finally:
        server.process.kill()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("usage: python suite.py PATH_OF_HOLM")
    # The client library looks its loop up by the policy, and leaves tasks behind that wait for ever:
    # so the loop is set here, and nothing waits for those tasks at the end.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    code = loop.run_until_complete(main(sys.argv[1]))
    sys.stdout.flush()
    os._exit(code)
