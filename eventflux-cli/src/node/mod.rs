//! From the configuration to a node of a cluster, and what there is to tell of one.
//!
//! | file | makes of the configuration |
//! |---|---|
//! | `address` | where the two planes listen, and where others reach them |
//! | `identity` | the certificate that both planes show |
//! | `stores` | the state of each pipeline in a place of its own |
//! | `settings` | all of it |
//! | `news` | lines on stderr, from what the cluster agrees on |

mod address;
mod identity;
mod news;
mod settings;
mod stores;

pub use address::BIND_HELP;
pub use news::{Line, News};
pub use settings::{NodeSettings, Unusable};
