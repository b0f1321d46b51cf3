//! The checksum of everything that is stored.

/// Whether these bytes are the ones that this checksum was made of.
pub(crate) fn is_intact(bytes: &[u8], crc32c: u32) -> bool {
    is_ignored() || crc32c::crc32c(bytes) == crc32c
}

/// Whether checksums are let through: for a fuzzer, which is to find what comes after them.
pub(crate) fn is_ignored() -> bool {
    #[cfg(test)]
    return ignored::IGNORED.get();
    #[cfg(not(test))]
    return cfg!(fuzzing);
}

#[cfg(test)]
pub(crate) mod ignored {
    use std::cell::Cell;

    thread_local! {
        pub(super) static IGNORED: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs something for which checksums fit, on this thread.
    pub(crate) fn with_checksums_ignored<T>(run: impl FnOnce() -> T) -> T {
        struct Restore;
        impl Drop for Restore {
            fn drop(&mut self) {
                IGNORED.set(false);
            }
        }
        IGNORED.set(true);
        let _restore = Restore;
        run()
    }
}
