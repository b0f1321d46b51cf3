# Sets CARGO_TARGET_DIR to where builds are kept between checkouts. Sourced, with `root` set, by what builds and tests.
#
# Cargo takes what another checkout has built for its own if no source is newer, and tests that were built there look for their files
# there. So what a directory has of this workspace's crates is removed when it was built in another checkout; what they stand on stays.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/eventflux-target}

if [ "$(cat "$CARGO_TARGET_DIR/checkout" 2>/dev/null)" != "$root" ]; then
    [ ! -d "$CARGO_TARGET_DIR" ] || cargo clean --quiet --workspace --manifest-path "$root/Cargo.toml"
    mkdir -p "$CARGO_TARGET_DIR"
    printf '%s\n' "$root" >"$CARGO_TARGET_DIR/checkout"
fi
