//! Panics become errors that name where they came from.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result};

/// Does work; a panic in it is a bug of this operator. What the work borrowed is not used again: the run ends.
pub(crate) fn catch_panic<T>(operator: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(|message| (*message).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Err(Error::Panicked {
            operator: operator.to_owned(),
            message,
        })
    })
}
