# What the client libraries need, below tests/clients/; to be sourced with $root set to the checkout.

# The lock file decides; an installation of just that lock file is used again.
install_node_metaverse() {
    clients="$root/tests/clients"
    installed="$clients/node_modules/.package-lock.json"
    if [ ! -f "$installed" ] || [ "$clients/package-lock.json" -nt "$installed" ]; then
        (cd "$clients" && npm ci)
    fi
}

# Sets $hippolyzer_python to a Python that has the library.
install_hippolyzer() {
    venv="$root/tests/clients/hippolyzer/.venv"
    wanted="$root/tests/clients/hippolyzer/requirements.txt"
    hippolyzer_python="$venv/bin/python"
    if ! cmp -s "$wanted" "$venv/installed.txt"; then
        rm -rf "$venv"
        "${PYTHON:-python3}" -m venv "$venv"
        "$hippolyzer_python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$wanted"
        cp "$wanted" "$venv/installed.txt"
    fi
}
