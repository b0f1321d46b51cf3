//! Places where tests let things fail: a call that returns an error, or a process that dies.
//!
//! A fail point is a call of [`fail_point`] with its name and the object at hand. It does nothing unless the crate is
//! compiled for tests or with the feature `fail-points` **and** [`set`] armed it. Names say what has just been done, and
//! have no other parts than words with dots between them: a test finds them in the sources, and crashes at each.

use crate::error::Result;

/// Whether this build has fail points. What is shipped has none.
pub const ARE_BUILT_IN: bool = cfg!(any(test, feature = "fail-points"));

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

/// Arms fail points until the process ends: `NAME=error`, `NAME=abort` or `NAME=wait:PATH`, with `NAME*3=abort` after three
/// passes, and several of these with `;` between them.
///
/// **Errors** The text is not of this form; this build has no fail points.
pub fn set_all(text: &str) -> std::result::Result<(), String> {
    #[cfg(any(test, feature = "fail-points"))]
    return armed::set_all(text);
    #[cfg(not(any(test, feature = "fail-points")))]
    Err(format!("this build has no fail points: `{text}`"))
}

#[cfg(any(test, feature = "fail-points"))]
pub use armed::{Armed, FailAction, set};

#[cfg(any(test, feature = "fail-points"))]
mod armed {
    use std::fs::File;
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::thread;
    use std::time::Duration;

    use crate::error::{Error, Result};

    /// How often a file that is waited for is looked at.
    const LOOK_AGAIN: Duration = Duration::from_millis(2);

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
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum FailAction {
        /// The call returns an error, every time.
        Error,
        /// The process ends at once, as by `kill -9`.
        Abort,
        /// Makes a file and goes on when it is gone; later calls pass. So a test can do something at this very moment.
        Wait(PathBuf),
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

    pub(super) fn set_all(text: &str) -> Result<(), String> {
        for entry in text.split(';').filter(|entry| !entry.is_empty()) {
            let (name, action) = entry.split_once('=').ok_or(format!("`{entry}` has no `=`"))?;
            let action = match action {
                "error" => FailAction::Error,
                "abort" => FailAction::Abort,
                _ => match action.strip_prefix("wait:") {
                    Some(path) if !path.is_empty() => FailAction::Wait(path.into()),
                    _ => return Err(format!("`{action}` is none of `error`, `abort`, `wait:PATH`")),
                },
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
        let matching = |point: &Point| point.name == name && object.contains(&point.object);
        let Some(index) = points.iter().position(matching) else {
            return Ok(());
        };
        let point = &mut points[index];
        if point.passes > 0 {
            point.passes -= 1;
            return Ok(());
        }
        let failed = |source: Option<io::Error>| Error::Store {
            store: "fail point".into(),
            object: object.to_owned(),
            message: name.to_owned(),
            source: source.map(|error| std::sync::Arc::new(error) as _),
        };
        match point.action.clone() {
            FailAction::Error => Err(failed(None)),
            FailAction::Abort => std::process::abort(),
            FailAction::Wait(path) => {
                points.remove(index);
                // Others may reach theirs meanwhile.
                drop(points);
                wait_while_there(&path).map_err(|error| failed(Some(error)))
            }
        }
    }

    fn wait_while_there(path: &Path) -> io::Result<()> {
        File::create(path)?;
        while path.try_exists()? {
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
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
        for wrong in ["a", "a=b", "a*x=error", "a=wait:"] {
            assert!(set_all(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_test_can_do_something_while_a_fail_point_waits() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("here");
        let _armed = set("fail_point.wait", "", 0, FailAction::Wait(path.clone()));
        let reached = std::thread::spawn(|| fail_point("fail_point.wait", String::new));
        while !path.exists() {
            std::thread::yield_now();
        }
        assert!(!reached.is_finished());
        // Once only.
        assert!(fail_point("fail_point.wait", String::new).is_ok());
        std::fs::remove_file(&path).unwrap();
        assert!(reached.join().unwrap().is_ok());
    }
}
