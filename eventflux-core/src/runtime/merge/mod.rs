//! Several senders as the inputs of one subtask: the least watermark, idleness, the end, and barriers brought in line.
//!
//! **Shapes** Elements with the channel that they came by go in; what the subtask's first operator is to see comes out.

mod channel;
mod input_merge;
mod round;

pub(crate) use input_merge::{InputMerge, Merged};
pub(crate) use round::Round;

#[cfg(test)]
mod input_merge_test;
