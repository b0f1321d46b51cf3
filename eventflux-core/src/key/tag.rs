//! The byte that starts each value of a key.

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const UNSIGNED: u8 = 0x03;
pub(super) const FLOAT: u8 = 0x04;
pub(super) const DECIMAL: u8 = 0x05;
pub(super) const DECIMAL_WIDE: u8 = 0x06;
pub(super) const DATE: u8 = 0x07;
pub(super) const TIME: u8 = 0x08;
pub(super) const TIME_FINE: u8 = 0x09;
pub(super) const INSTANT: u8 = 0x0A;
pub(super) const INSTANT_FINE: u8 = 0x0B;
pub(super) const DURATION: u8 = 0x0C;
pub(super) const DURATION_FINE: u8 = 0x0D;
pub(super) const INTERVAL: u8 = 0x0E;
pub(super) const STRING: u8 = 0x0F;
pub(super) const BINARY: u8 = 0x10;
pub(super) const LIST: u8 = 0x11;
pub(super) const STRUCT: u8 = 0x12;
pub(super) const MAP: u8 = 0x13;
pub(super) const NULL: u8 = 0xFF;
