//! What a frame is.

use super::header::BODY_BYTES_MAX;

/// The type of a frame. Numbers are part of the wire format: never changed, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameType {
    /// The first frame of whoever dialled: who it is, and for which generation.
    Hello = 1,
    /// The answer: who that is.
    Welcome = 2,
    /// The other answer: why not.
    Refuse = 3,
    /// A channel begins.
    Open = 4,
    /// The columns of the rows that follow.
    Schema = 5,
    /// Rows.
    Rows = 6,
    /// Event time has reached this point.
    Watermark = 7,
    /// A checkpoint's cut.
    Barrier = 8,
    /// The channel has nothing at hand.
    Idle = 9,
    /// The channel's input has ended.
    EndOfInput = 10,
    /// Up to how many bytes the sender of a channel may go.
    Credit = 11,
    /// The next frame of a channel is larger than its credit.
    Need = 12,
    /// The sender of a channel gave up.
    Abort = 13,
    /// The receiver of a channel reads no more.
    Stop = 14,
    /// A sign of life.
    Heartbeat = 15,
    /// The connection is closed on purpose, and why.
    Goodbye = 16,
}

/// Texts and names.
const TEXT_BYTES_MAX: u32 = 4 << 10;

/// The columns of one stream.
const SCHEMA_BYTES_MAX: u32 = 1 << 20;

impl FrameType {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Hello,
        Self::Welcome,
        Self::Refuse,
        Self::Open,
        Self::Schema,
        Self::Rows,
        Self::Watermark,
        Self::Barrier,
        Self::Idle,
        Self::EndOfInput,
        Self::Credit,
        Self::Need,
        Self::Abort,
        Self::Stop,
        Self::Heartbeat,
        Self::Goodbye,
    ];

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }

    /// Bytes of its body at the most.
    pub(crate) fn body_bytes_max(self) -> u32 {
        match self {
            Self::Rows => BODY_BYTES_MAX,
            Self::Schema => SCHEMA_BYTES_MAX,
            Self::Hello | Self::Welcome | Self::Refuse | Self::Abort | Self::Goodbye => TEXT_BYTES_MAX,
            Self::Barrier => 16,
            Self::Open => 12,
            Self::Watermark | Self::Credit | Self::Need => 8,
            Self::Idle | Self::EndOfInput | Self::Stop | Self::Heartbeat => 0,
        }
    }

    /// Whether it has a place in the order of its channel.
    pub(crate) fn is_in_order(self) -> bool {
        match self {
            Self::Schema | Self::Rows | Self::Watermark | Self::Barrier | Self::Idle | Self::EndOfInput => {
                true
            }
            Self::Hello
            | Self::Welcome
            | Self::Refuse
            | Self::Open
            | Self::Credit
            | Self::Need
            | Self::Abort
            | Self::Stop
            | Self::Heartbeat
            | Self::Goodbye => false,
        }
    }

    /// Whether the receiver must have granted its bytes.
    pub(crate) fn needs_credit(self) -> bool {
        matches!(self, Self::Schema | Self::Rows)
    }
}
