//! The rim where rows come in: computed columns, event time, watermarks per partition, idleness, bad rows.

mod columns;
mod partition;
mod rim;
mod rim_stage;
mod values;

pub(crate) use rim_stage::RimStage;
pub(crate) use values::ValuesSource;
