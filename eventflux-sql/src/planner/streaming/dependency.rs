//! Which stream is made of which.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, RelationId};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::planner::query::{PlannedQuery, QueryTarget};

/// The order in which queries have to be planned, by index: each behind those that write what it reads.
pub(super) fn order(queries: &[PlannedQuery], catalog: &Catalog) -> Result<Vec<usize>, Diagnostic> {
    let mut writers: BTreeMap<RelationId, Vec<usize>> = BTreeMap::new();
    for (index, query) in queries.iter().enumerate() {
        if let QueryTarget::Insert { relation, .. } = query.target {
            writers.entry(relation).or_default().push(index);
        }
        // Late rows of what a query reads are written by the query.
        for (read, _) in &query.reads {
            let late = catalog
                .get(*read)
                .engine
                .late
                .as_ref()
                .and_then(|name| catalog.find(name));
            if let Some(late) = late {
                writers.entry(late).or_default().push(index);
            }
        }
    }
    let mut walk = Walk {
        queries,
        writers: &writers,
        catalog,
        done: Vec::new(),
        path: Vec::new(),
        seen: BTreeSet::new(),
    };
    for index in 0..queries.len() {
        walk.query(index)?;
    }
    Ok(walk.done)
}

struct Walk<'a> {
    queries: &'a [PlannedQuery],
    writers: &'a BTreeMap<RelationId, Vec<usize>>,
    catalog: &'a Catalog,
    done: Vec<usize>,
    path: Vec<usize>,
    seen: BTreeSet<usize>,
}

impl Walk<'_> {
    fn query(&mut self, index: usize) -> Result<(), Diagnostic> {
        if self.done.contains(&index) {
            return Ok(());
        }
        self.path.push(index);
        self.seen.insert(index);
        for (read, span) in &self.queries[index].reads {
            for writer in self.writers.get(read).into_iter().flatten() {
                if self.path.contains(writer) {
                    return Err(self.cycle(*read, *span, *writer));
                }
                self.query(*writer)?;
            }
        }
        self.path.pop();
        self.done.push(index);
        Ok(())
    }

    fn cycle(&self, read: RelationId, span: Span, writer: usize) -> Diagnostic {
        let name = &self.catalog.get(read).name;
        let diagnostic = Diagnostic::error(
            Code::CyclicStreams,
            span,
            format!("`{name}` is made of rows that are made of `{name}`"),
        );
        let target = match self.queries[writer].target {
            QueryTarget::Insert { span, .. } => Some(span),
            QueryTarget::Print { .. } => None,
        };
        let diagnostic = match target {
            Some(target) => diagnostic.with_label(target, "and this query writes it"),
            None => diagnostic,
        };
        diagnostic.with_help("streams cannot feed themselves; write to another stream")
    }
}
