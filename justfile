# What a contributor may want to run. Steps of CI are defined once, in .ci/run.

# List the recipes.
default:
    @just --list

# Serve on the default ports, forgetting everything at the end.
run *flags:
    cargo run --release -- --ephemeral {{flags}}

# What every change must pass.
check:
    .ci/run format clippy test doc

# Everything that CI runs.
ci:
    .ci/run

# One step of CI; `.ci/run` lists them.
step name:
    .ci/run {{name}}

# Format the sources.
fmt:
    cargo fmt
    cargo fmt --manifest-path fuzz/Cargo.toml

# The suites of foreign client libraries.
clients *suites:
    tests/clients/run.sh {{suites}}

# The code of README.md and docs/ as it stands there; names are parts of `README.md:43`.
samples *names:
    tests/samples/run.sh {{names}}

# The control API against its own OpenAPI document.
openapi:
    tests/openapi/run.sh

# The container image, or the program as the Dockerfile runs it.
container:
    tests/container/run.sh

# The load tool's HTML report in headless Chromium.
browser:
    tests/browser/run.sh

# Benchmarks with figures; names are parts of those of benchmarks.
bench *names:
    cargo bench --benches -- {{names}}

# The speed of this checkout beside that of another commit, by ratio: `just bench-compare main`.
bench-compare base *arguments:
    benches/compare.sh {{base}} {{arguments}}

# Instruction counts; needs valgrind and gungraun-runner.
bench-instructions *arguments:
    benches/instructions.sh {{arguments}}

# Every fuzz target for some seconds.
fuzz seconds="30":
    fuzz/smoke.sh {{seconds}}

# Licences and advisories; needs cargo-deny.
deny:
    cargo deny check

# The oldest compiler that is promised.
msrv:
    cargo +1.90 check --locked --all-targets

# The container image.
image:
    docker build -t holm .
