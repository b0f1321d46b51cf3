//! Sources and sinks, each through its plan as the engine uses it. What a real broker is needed for is behind `kafka`, a real Redis behind `redis`.

mod blackhole;
mod datagen;
mod file_commit;
mod file_follow;
mod file_sink;
mod file_source;
#[cfg(feature = "http")]
mod http_sink;
#[cfg(feature = "kafka")]
mod kafka_commit;
#[cfg(feature = "kafka")]
mod kafka_sink;
#[cfg(feature = "kafka")]
mod kafka_source;
mod nexmark;
#[cfg(feature = "redis")]
mod redis_commit;
#[cfg(feature = "redis")]
mod redis_sink;
mod stdio;
