//! How large a simulated cluster is, and what happens to it.

/// A simulated cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulationConfig {
    /// Nodes; the first ones vote.
    pub node_count: usize,
    /// Nodes that vote.
    pub voter_count: usize,
    /// Key groups of the pipeline.
    pub key_groups: u32,
    /// Splits of its source.
    pub split_count: usize,
    /// Rows of each split.
    pub split_rows: u64,
    /// Faults happen until this time, microseconds.
    pub faults_until_us: i64,
    /// The mean time between two faults, microseconds.
    pub fault_every_us: i64,
    /// The pipeline has to be at its end by this time, microseconds.
    pub deadline_us: i64,
}

impl SimulationConfig {
    /// Seven nodes: many runs in little time.
    pub const SMALL: Self = Self {
        node_count: 7,
        voter_count: 3,
        key_groups: 64,
        split_count: 5,
        split_rows: 500,
        faults_until_us: 20_000_000,
        fault_every_us: 900_000,
        deadline_us: 120_000_000,
    };

    /// A hundred nodes and ten thousand key groups.
    pub const LARGE: Self = Self {
        node_count: 100,
        voter_count: 5,
        key_groups: 10_000,
        split_count: 24,
        split_rows: 400,
        faults_until_us: 15_000_000,
        fault_every_us: 1_500_000,
        deadline_us: 180_000_000,
    };

    /// As large, and over sooner.
    pub const BRIEF: Self = Self {
        split_count: 8,
        split_rows: 40,
        faults_until_us: 3_500_000,
        fault_every_us: 1_000_000,
        ..Self::LARGE
    };
}
