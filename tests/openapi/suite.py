"""The control API against its own OpenAPI document.

    python suite.py PATH_OF_HOLM

Three tools look at it: a validator of the document, a generator whose client is then used, and a
property-based tester. Each case is one line on stdout; the last line is the count.
"""

import importlib
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import urllib.request

TOOLS = pathlib.Path(sys.executable).parent

# Routes that end the server, stay open, or are no plain request.
LEFT_OUT = ["/v1/shutdown", "/v1/scripts", "/v1/clep/traffic/stream", "/v1/objects/{id}/events"]

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]


class Server:
    """A running `holm` on free ports."""

    def __init__(self, program: str):
        ports = [flag for name in ("http", "udp", "control") for flag in (f"--{name}-port", "0")]
        command = [program, "serve", "--ephemeral", "--log", "error", "--message-format", "json"]
        self.process = subprocess.Popen([*command, *ports], stdout=subprocess.PIPE)
        ready = json.loads(self.process.stdout.readline())
        assert ready["event"] == "ready", ready
        self.uri = ready["control_uri"].rstrip("/")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0


def tool(folder: pathlib.Path, name: str, *arguments: str) -> None:
    done = subprocess.run(
        [TOOLS / name, *arguments],
        capture_output=True,
        check=False,
        cwd=folder,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]


def document_is_valid(server: Server, folder: pathlib.Path) -> None:
    with urllib.request.urlopen(f"{server.uri}/openapi.json", timeout=10) as answer:
        document = answer.read()
    (folder / "openapi.json").write_bytes(document)
    tool(folder, "openapi-spec-validator", "--schema", "3.1", str(folder / "openapi.json"))


def generated_client_works(server: Server, folder: pathlib.Path) -> None:
    package = "holm_control"
    arguments = ["--path", str(folder / "openapi.json"), "--output-path", str(folder / package)]
    tool(folder, "openapi-python-client", "generate", *arguments, "--meta", "none")
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True

    def module(name: str):
        return importlib.import_module(f"{package}.{name}")

    models = module("models")
    client = module("client").Client(base_url=server.uri)

    def call(group: str, operation: str, *arguments, **fields):
        function = module(f"api.{group}.{operation}").sync
        return function(*arguments, client=client, **fields)

    carol = models.NewAccount(first="Carol", last="Tester", password="secret")
    made = call("accounts", "create_account", body=carol)
    assert (made.first, made.online) == ("Carol", False), made
    again = call("accounts", "create_account", body=carol)
    assert isinstance(again, models.Problem), again
    listed = call("accounts", "list_accounts", limit=1)
    assert (listed.accounts[0].first, listed.next_) == ("Alice", "Alice Tester"), listed
    assert call("accounts", "get_account", "carol.tester").uuid == made.uuid
    friends = call("people", "list_friends", "Carol Tester")
    assert (friends.friends, friends.offers) == ([], []), friends

    bell = call("objects", "create_object", body=models.NewObjectRequest(name="Bell"))
    say = models.CallRequest(text="Ding!")
    name = models.ScriptCallName.SAY
    said = call("objects", "call_script", bell.id, name, body=say).said
    assert said.truncated is False, said
    heard = call("objects", "list_object_events", bell.id)
    assert [event.event for event in heard.events] == ["state_entry", "on_rez"], heard
    touch = models.TouchRequest(by="Test User")
    refused = call("objects", "touch_object", bell.id, body=touch)
    assert isinstance(refused, models.Problem), refused

    assert call("accounts", "delete_account", str(made.uuid)).status.value == "removed"
    assert call("server", "shut_down").status.value == "stopping"
    assert server.process.wait(timeout=20) == 0


def random_requests_fit_the_document(server: Server, folder: pathlib.Path) -> None:
    left_out = [flag for path in LEFT_OUT for flag in ("--exclude-path", path)]
    tool(
        folder,
        "schemathesis",
        "run",
        f"{server.uri}/openapi.json",
        "--phases=examples,coverage,fuzzing",
        "--max-examples=15",
        "--seed=1",
        "--request-timeout=10",
        "--suppress-health-check=all",
        "--generation-database=none",
        f"--checks={','.join(CHECKS)}",
        *left_out,
    )


def main() -> int:
    passed = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for case in (document_is_valid, random_requests_fit_the_document, generated_client_works):
            server = Server(sys.argv[1])
            try:
                case(server, folder)
            except Exception as error:  # whatever goes wrong fails the case
                failed += 1
                print(f"not ok {passed + failed} {case.__name__}: {error!r}"[:9000])
            else:
                passed += 1
                print(f"ok {passed + failed} {case.__name__}")
            finally:
                if server.process.poll() is None:
                    server.stop()
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
