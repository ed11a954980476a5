# Two stages: build with everything, run with next to nothing.
#
#   docker build -t holm .
#   docker run --rm -p 9000:9000/tcp -p 9000:9000/udp holm
#
# The ready-made accounts exist on loopback only, which a container's port is not. So either let
# anybody in, `-e HOLM_LOGIN_OPEN_ANYWHERE=true holm --ephemeral --open`, or mount a file of accounts
# and name it, `-v $PWD/accounts.json:/accounts.json holm --ephemeral --accounts /accounts.json`.
# Clients on other machines must be told an address of this one: add `--external-host ADDRESS`.
# To keep accounts between runs: mount a volume at /data and leave out `--ephemeral`.

FROM docker.io/library/rust:1-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo build --release --locked --bin holm

FROM docker.io/library/debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin holm \
    && install --directory --owner=holm --group=holm /data
COPY --from=build /source/target/release/holm /usr/local/bin/holm
USER holm
WORKDIR /data
ENV HOLM_STORAGE_DIRECTORY=/data \
    HOLM_NETWORK_BIND=0.0.0.0 \
    HOLM_NETWORK_EXTERNAL_HOST=127.0.0.1
# Login and capabilities, and the region: the same number, two protocols.
EXPOSE 9000/tcp 9000/udp
# The control listener (9001) stays inside: HOLM_NETWORK_CONTROL_BIND and HOLM_NETWORK_CONTROL_TOKEN
# open it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["holm", "health", "--ready"]
ENTRYPOINT ["holm"]
CMD ["--ephemeral"]
