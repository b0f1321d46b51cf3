//! Time: clocks that are handed in, never read from the system by operators; event times and their watermarks; the calendar
//! and its text.

pub mod calendar;
mod clock;
mod event_time;
pub mod iso;
mod micros;
mod task_clock;
mod watermark;

pub use clock::{Clock, SystemClock, VirtualClock};
pub use event_time::event_times;
pub use micros::micros;
pub use task_clock::{task_now_us, with_task_clock};
pub use watermark::{BoundedDelay, Cut};
