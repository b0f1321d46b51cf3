//! Lets the build of a test fail where `FAILPOINTS` says; what is shipped does not look at it.

use eventflux::fail_point;

use crate::exit::Exit;
use crate::report;

/// Arms what is asked for; a way out if that cannot be understood.
pub fn arm() -> Option<Exit> {
    if !fail_point::ARE_BUILT_IN {
        return None;
    }
    let text = std::env::var("FAILPOINTS").ok()?;
    let wrong = fail_point::set_all(&text).err()?;
    report::mistake(format_args!("FAILPOINTS: {wrong}"));
    Some(Exit::Usage)
}
