//! The clock that expressions read: `now()` is the time at which the running subtask took its present element.
//!
//! Expressions are compiled once and evaluated by many subtasks, so the time is not part of them: the loop of a subtask
//! reads its [`Clock`](super::Clock) once per element and sets the result around all work on it. All rows of a batch, and all
//! operators of a chain, see one time; under a virtual clock it is exactly the virtual one.
//!
//! **Invariants** Outside of a subtask there is no time: [`task_now_us`] is `None`, so that an expression which depends on it
//! can never be folded to a constant while it is planned.

use std::cell::Cell;

thread_local! {
    static NOW_US: Cell<Option<i64>> = const { Cell::new(None) };
}

/// The time of the element that this thread is working on, microseconds since the epoch.
///
/// ```
/// use eventflux_core::time::{task_now_us, with_task_clock};
/// assert_eq!(task_now_us(), None);
/// with_task_clock(1_700_000_000_000_000, || assert_eq!(task_now_us(), Some(1_700_000_000_000_000)));
/// assert_eq!(task_now_us(), None);
/// ```
pub fn task_now_us() -> Option<i64> {
    NOW_US.get()
}

/// Does work at this time. Calls may be nested: the outer time is back after the inner call, also after a panic.
pub fn with_task_clock<R>(now_us: i64, work: impl FnOnce() -> R) -> R {
    let _restore = Restore(NOW_US.replace(Some(now_us)));
    work()
}

struct Restore(Option<i64>);

impl Drop for Restore {
    fn drop(&mut self) {
        NOW_US.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_time_is_back_after_a_panic() {
        with_task_clock(1, || {
            let inner = std::panic::catch_unwind(|| with_task_clock(2, || panic!("at {:?}", task_now_us())));
            assert!(inner.is_err());
            assert_eq!(task_now_us(), Some(1));
        });
        assert_eq!(task_now_us(), None);
    }
}
