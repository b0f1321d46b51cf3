//! The relations of a text, in the order of their declaration.

use super::name::is_same;
use super::{Name, Relation, RelationId, error_stream};
use crate::diagnostic::did_you_mean;

/// The relations declared so far.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    relations: Vec<Relation>,
    dropped: Vec<bool>,
}

impl Default for Catalog {
    /// Only the built-in stream.
    fn default() -> Self {
        Self {
            relations: vec![error_stream()],
            dropped: vec![false],
        }
    }
}

impl Catalog {
    /// Adds a relation; its name must be new.
    pub(crate) fn add(&mut self, relation: Relation) -> RelationId {
        self.relations.push(relation);
        self.dropped.push(false);
        RelationId(self.relations.len() - 1)
    }

    /// The relation with this id.
    pub(crate) fn get(&self, id: RelationId) -> &Relation {
        &self.relations[id.0]
    }

    /// The relation with this id, to be completed.
    pub(crate) fn get_mut(&mut self, id: RelationId) -> &mut Relation {
        &mut self.relations[id.0]
    }

    /// The relation that a name names.
    pub(crate) fn find(&self, name: &Name) -> Option<RelationId> {
        self.iter()
            .find(|(_, relation)| name.matches(&relation.name))
            .map(|(id, _)| id)
    }

    /// The relation whose name is this one, the case left aside: a new relation cannot have its name.
    pub(crate) fn find_same(&self, name: &str) -> Option<RelationId> {
        self.iter()
            .find(|(_, relation)| is_same(name, &relation.name))
            .map(|(id, _)| id)
    }

    /// Forgets a relation's name.
    pub(crate) fn drop(&mut self, id: RelationId) {
        self.dropped[id.0] = true;
    }

    /// All relations, in the order of their declaration; the first is built in.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RelationId, &Relation)> {
        let ids = (0..self.relations.len()).map(RelationId);
        ids.zip(&self.relations).filter(|(id, _)| !self.dropped[id.0])
    }

    /// The help line for a name that names nothing.
    pub(crate) fn suggestion(&self, name: &Name) -> Option<String> {
        did_you_mean(
            &name.text(),
            self.iter().map(|(_, relation)| relation.name.as_str()),
        )
    }
}
