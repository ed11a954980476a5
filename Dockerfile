# Two stages: build with everything, run with next to nothing.
#
#   docker build -t holm .
#   docker run --rm -p 9000:9000/tcp -p 9000:9000/udp holm
#
# That starts a grid in memory at http://127.0.0.1:9000/ which lets anybody in: each new name gets an
# account with the password it gives. Arguments replace `--ephemeral --open`.
#
# Only accounts of your own: mount a file of them, `-v $PWD/accounts.json:/accounts.json holm
# --ephemeral --accounts /accounts.json`. Other ports: clients must be told, so
# `-p 9100:9000/tcp -p 9101:9000/udp -e HOLM_NETWORK_EXTERNAL_HTTP_PORT=9100
# -e HOLM_REGION_0_EXTERNAL_UDP_PORT=9101`. Clients on other machines: add
# `-e HOLM_NETWORK_EXTERNAL_HOST=ADDRESS`. To keep everything between runs: mount a volume at /data
# and leave out `--ephemeral`.

FROM docker.io/library/rust:1-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# What `holm --version` says; .git stays outside: --build-arg HOLM_COMMIT=$(git rev-parse HEAD).
ARG HOLM_COMMIT
RUN cargo build --release --locked --bin holm

FROM docker.io/library/debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin holm \
    && install --directory --owner=holm --group=holm /data
COPY --from=build /source/target/release/holm /usr/local/bin/holm
USER holm
WORKDIR /data
ENV HOLM_STORAGE_DIRECTORY=/data \
    HOLM_NETWORK_BIND=0.0.0.0 \
    HOLM_NETWORK_EXTERNAL_HOST=127.0.0.1 \
    HOLM_LOGIN_OPEN_ANYWHERE=true
# Login and capabilities, and the region: the same number, two protocols.
EXPOSE 9000/tcp 9000/udp
# The control listener (9001) stays inside: HOLM_NETWORK_CONTROL_BIND and HOLM_NETWORK_CONTROL_TOKEN
# open it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["holm", "health", "--ready"]
ENTRYPOINT ["holm"]
CMD ["--ephemeral", "--open"]
