//! Time: clocks that are handed in, never read from the system by operators.

mod clock;

pub use clock::{Clock, SystemClock, VirtualClock};
