//! Time: clocks that are handed in, never read from the system by operators.

mod clock;
mod task_clock;

pub use clock::{Clock, SystemClock, VirtualClock};
pub use task_clock::{task_now_us, with_task_clock};
