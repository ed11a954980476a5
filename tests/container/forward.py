"""Ports of a container as a runtime maps them: what comes to one port goes to another."""

import selectors
import socket
import threading

LARGEST = 65536


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Tcp:
    def __init__(self, to: int):
        self.to = to
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                here, _ = self.listener.accept()
                there = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            for source, target in [(here, there), (there, here)]:
                threading.Thread(target=copy, args=(source, target), daemon=True).start()


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(LARGEST):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One end has gone; the other one is told by the thread that copies the other way.
        source.close()


class Udp:
    """Each client gets a socket of its own towards the region, as behind an address translation."""

    def __init__(self, to: int):
        self.to = ("127.0.0.1", to)
        self.outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.outside.bind(("127.0.0.1", 0))
        self.port = self.outside.getsockname()[1]
        threading.Thread(target=self.pass_on, daemon=True).start()

    def pass_on(self) -> None:
        inside, client_of = {}, {}
        ready = selectors.DefaultSelector()
        ready.register(self.outside, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                data, sender = key.fileobj.recvfrom(LARGEST)
                if key.fileobj is not self.outside:
                    self.outside.sendto(data, client_of[key.fileobj])
                    continue
                if sender not in inside:
                    inside[sender] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    client_of[inside[sender]] = sender
                    ready.register(inside[sender], selectors.EVENT_READ)
                inside[sender].sendto(data, self.to)
