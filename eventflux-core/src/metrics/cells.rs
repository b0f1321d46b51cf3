//! The memory behind metrics.

use std::sync::atomic::{AtomicI64, Ordering};

use super::Metric;
use crate::element::WATERMARK_MIN;

/// One value per metric. One thread writes, any may read.
#[derive(Debug)]
pub struct Cells([AtomicI64; Metric::ALL.len()]);

impl Default for Cells {
    fn default() -> Self {
        let cells = Self([const { AtomicI64::new(0) }; Metric::ALL.len()]);
        cells.set(Metric::WatermarkUs, WATERMARK_MIN);
        cells
    }
}

impl Cells {
    /// Adds to a counter. Only the cells' one writer may call this.
    pub fn add(&self, metric: Metric, amount: u64) {
        let cell = &self.0[metric as usize];
        let sum = cell.load(Ordering::Relaxed).wrapping_add(amount as i64);
        cell.store(sum, Ordering::Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, metric: Metric, value: i64) {
        self.0[metric as usize].store(value, Ordering::Relaxed);
    }

    /// The present value of a counter.
    pub fn count(&self, metric: Metric) -> u64 {
        self.get(metric) as u64
    }

    /// The present value.
    pub fn get(&self, metric: Metric) -> i64 {
        self.0[metric as usize].load(Ordering::Relaxed)
    }
}
