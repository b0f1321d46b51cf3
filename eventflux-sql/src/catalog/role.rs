//! Whether a relation with a connector is read from outside or written to it.

use eventflux_core::connector::Registry;

use super::ConnectorUse;
use crate::diagnostic::{Code, Diagnostic, Span};

/// Which way rows go through a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Rows come in.
    Source,
    /// Rows go out.
    Sink,
}

/// How the statements use a relation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// A query reads it; the place that does.
    pub(crate) read: Option<Span>,
    /// A query inserts into it (or an option sends rows to it); the place that does.
    pub(crate) written: Option<Span>,
}

/// Decides the role of a connector.
///
/// What is said (`CREATE SOURCE`, `'type' = 'sink'`) goes first, then what the connector can be, then how the relation
/// is used. `None`: nothing uses it and it could be both.
pub(crate) fn role(
    connector: &ConnectorUse,
    declared: Option<Role>,
    usage: Usage,
    registry: &Registry,
) -> Result<Option<Role>, Diagnostic> {
    let (can_read, can_write) = (
        registry.source(&connector.name).is_some(),
        registry.sink(&connector.name).is_some(),
    );
    let said = declared.or(connector.role.map(|(role, _)| role));
    let span = connector.role.map_or(connector.name_span, |(_, span)| span);
    let cannot = |what: &str| {
        let message = format!("the connector `{}` cannot {what}", connector.name);
        Diagnostic::error(Code::InvalidConnector, span, message)
    };
    match said {
        Some(Role::Source) if !can_read => Err(cannot("be read from")),
        Some(Role::Sink) if !can_write => Err(cannot("be written to")),
        Some(role) => Ok(Some(role)),
        None if can_read && can_write => match (usage.read, usage.written) {
            (Some(_), None) => Ok(Some(Role::Source)),
            (None, Some(_)) => Ok(Some(Role::Sink)),
            (None, None) => Ok(None),
            (Some(read), Some(written)) => {
                let message = format!(
                    "the stream is read and written, and the connector `{}` can do both",
                    connector.name
                );
                Err(
                    Diagnostic::error(Code::InvalidConnector, connector.name_span, message)
                        .with_label(written, "it is written here")
                        .with_label(read, "it is read here")
                        .with_help("say which way rows go: `'type' = 'source'` or `'type' = 'sink'`"),
                )
            }
        },
        None if can_read => Ok(Some(Role::Source)),
        None => Ok(Some(Role::Sink)),
    }
}
