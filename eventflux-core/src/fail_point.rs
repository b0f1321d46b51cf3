//! Places where tests let things fail: a call that returns an error, or a process that dies.
//!
//! A fail point is a call of [`fail_point`] with its name and the object at hand. It does nothing unless the crate is
//! compiled for tests or with the feature `fail-points` **and** [`set`] armed it.

use crate::error::Result;

/// Fails here if a test wants that.
#[inline]
pub fn fail_point(name: &str, object: impl FnOnce() -> String) -> Result<()> {
    #[cfg(any(test, feature = "fail-points"))]
    return armed::reach(name, &object());
    #[cfg(not(any(test, feature = "fail-points")))]
    {
        let _ = (name, object);
        Ok(())
    }
}

#[cfg(any(test, feature = "fail-points"))]
pub use armed::{Armed, FailAction, set, set_all};

#[cfg(any(test, feature = "fail-points"))]
mod armed {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use crate::error::{Error, Result};

    static POINTS: Mutex<Vec<Point>> = Mutex::new(Vec::new());

    #[derive(Debug)]
    struct Point {
        id: u64,
        name: String,
        /// A part of the object's text; empty: any object.
        object: String,
        /// How many times it is passed without harm.
        passes: u64,
        action: FailAction,
    }

    /// What happens at a fail point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum FailAction {
        /// The call returns an error, every time.
        Error,
        /// The process ends at once, as by `kill -9`.
        Abort,
    }

    /// A fail point is armed until this is dropped.
    #[derive(Debug)]
    #[must_use = "the fail point is disarmed when this is dropped"]
    pub struct Armed {
        id: u64,
    }

    fn points() -> MutexGuard<'static, Vec<Point>> {
        POINTS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Arms a fail point for objects whose text has this part, once it was passed so many times.
    pub fn set(name: &str, object: &str, passes: u64, action: FailAction) -> Armed {
        let mut points = points();
        let id = points.iter().map(|point| point.id).max().unwrap_or(0) + 1;
        points.push(Point {
            id,
            name: name.to_owned(),
            object: object.to_owned(),
            passes,
            action,
        });
        Armed { id }
    }

    /// Arms fail points until the process ends: `NAME=error` or `NAME=abort`, with `NAME*3=abort` after three passes, and
    /// several of these with `;` between them.
    pub fn set_all(text: &str) -> Result<(), String> {
        for entry in text.split(';').filter(|entry| !entry.is_empty()) {
            let (name, action) = entry.split_once('=').ok_or(format!("`{entry}` has no `=`"))?;
            let action = match action {
                "error" => FailAction::Error,
                "abort" => FailAction::Abort,
                _ => return Err(format!("`{action}` is neither `error` nor `abort`")),
            };
            let (name, passes) = name.split_once('*').unwrap_or((name, "0"));
            let passes = passes
                .parse()
                .map_err(|_| format!("`{passes}` is not a number"))?;
            std::mem::forget(set(name, "", passes, action));
        }
        Ok(())
    }

    impl Drop for Armed {
        fn drop(&mut self) {
            points().retain(|point| point.id != self.id);
        }
    }

    pub(super) fn reach(name: &str, object: &str) -> Result<()> {
        let mut points = points();
        let matching = |point: &&mut Point| point.name == name && object.contains(&point.object);
        let Some(point) = points.iter_mut().find(matching) else {
            return Ok(());
        };
        if point.passes > 0 {
            point.passes -= 1;
            return Ok(());
        }
        match point.action {
            FailAction::Error => Err(Error::Store {
                store: "fail point".into(),
                object: object.to_owned(),
                message: name.to_owned(),
                source: None,
            }),
            FailAction::Abort => std::process::abort(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fail_point_fails_for_its_object_after_its_passes_until_it_is_disarmed() {
        let reach = |object: &str| fail_point("fail_point.test", || object.into());
        let armed = set("fail_point.test", "x", 1, FailAction::Error);
        assert!(reach("x").is_ok());
        assert!(reach("y").is_ok());
        assert!(reach("xx").is_err());
        assert!(reach("x").is_err());
        drop(armed);
        assert!(reach("x").is_ok());
    }

    #[test]
    fn fail_points_are_read_from_text() {
        assert!(set_all("fail_point.text*2=error;").is_ok());
        let reach = || fail_point("fail_point.text", String::new);
        assert!(reach().is_ok() && reach().is_ok() && reach().is_err());
        for wrong in ["a", "a=b", "a*x=error"] {
            assert!(set_all(wrong).is_err(), "{wrong}");
        }
    }
}
