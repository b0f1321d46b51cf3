//! Short forms become long ones, so that everything behind knows one place for each key.
//!
//! ```text
//! eventflux.state_backend: …                 eventflux.distributed.state_backend: …
//! eventflux.distributed.node_id: x           eventflux.distributed.node.node_id: x
//! …transport|state_backend|coordination: x   …: {implementation: x}
//! ```

use eventflux::sql::diagnostic::{Code, Diagnostic, Diagnostics};

use super::tree::{Node, NodeValue};

/// Groups that a single word may stand for.
const GROUPS: [&str; 3] = ["transport", "state_backend", "coordination"];

/// Where a key may stand, and where it is looked for.
const MOVED: [(&[&str], &[&str]); 2] = [
    (
        &["eventflux", "state_backend"],
        &["eventflux", "distributed", "state_backend"],
    ),
    (
        &["eventflux", "distributed", "node_id"],
        &["eventflux", "distributed", "node", "node_id"],
    ),
];

/// Writes short forms out.
///
/// **Errors** The long form is there, too.
pub(crate) fn expand(tree: &mut Node) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for (short, long) in MOVED {
        let Some(entry) = tree.remove(short) else {
            continue;
        };
        match tree.find(long) {
            Some(other) => {
                let message = format!("`{}` is given twice", long.join("."));
                let diagnostic = Diagnostic::error(Code::ConflictingKeys, entry.key_span, message);
                diagnostics.push(diagnostic.with_label(other.key_span, "and here"));
            }
            None => tree.put(long, entry.key_span, entry.value),
        }
    }
    let distributed = tree
        .child_mut("eventflux")
        .and_then(|eventflux| eventflux.child_mut("distributed"));
    if let Some(distributed) = distributed {
        for group in GROUPS {
            let Some(value) = distributed.child_mut(group) else {
                continue;
            };
            if matches!(value.value, NodeValue::Text(_)) {
                let word = value.clone();
                value.put(&["implementation"], word.span, word);
            }
        }
    }
    diagnostics
}
