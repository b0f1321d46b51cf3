//! Files that are read as they grow, as `tail -F` does: through rotation, truncation, restarts.
//!
//! A file is known by its [`Identity`], not by its name: renamed, it is still the same. A [`Tail`] reads one of them,
//! a [`Bookmark`] says where one was left.

mod bookmark;
mod identity;
mod plan;
mod source;
mod tail;

pub use plan::FollowPlan;
