//! A manifest is read or refused, and one that is read is written as one that reads the same.
#![no_main]

use eventflux_core::checkpoint::manifest::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::decode("manifest", bytes) {
        let again = manifest.encode().expect("what was read can be written");
        assert_eq!(Manifest::decode("again", &again).expect("what was written can be read"), manifest);
    }
});
