//! What names may mean at a place of a query.

use arrow::datatypes::DataType;

use super::expression::COMPUTED_QUALIFIER;
use crate::catalog::Name;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::statement::{WindowForm, WindowKind};

/// A column that can be named.
#[derive(Debug, Clone)]
pub(super) struct ScopeColumn {
    /// Its name as declared.
    pub(super) name: String,
    /// Its type, where it is known without planning.
    pub(super) data_type: Option<DataType>,
    /// Not part of `*`.
    pub(super) is_hidden: bool,
}

/// A relation of FROM.
#[derive(Debug, Clone)]
pub(super) struct ScopeRelation {
    /// The parts of the name by which its columns can be qualified.
    pub(super) qualifier: Vec<String>,
    /// The name is the compiler's: the text gives none.
    pub(super) is_unnamed: bool,
    /// Its columns.
    pub(super) columns: Vec<ScopeColumn>,
    /// Its window, if it is one.
    pub(super) window: Option<ScopeWindow>,
}

/// A window of FROM.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScopeWindow {
    /// How it is written.
    pub(super) form: WindowForm,
    /// Which window.
    pub(super) kind: WindowKind,
}

/// The relations of FROM.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// In the order of the text.
    pub(super) relations: Vec<ScopeRelation>,
}

/// What a name means.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    /// The parts of the full name: qualifier, column, fields.
    pub(super) parts: Vec<String>,
    /// The column's own name.
    pub(super) column: String,
    /// The type, where it is known without planning.
    pub(super) data_type: Option<DataType>,
}

impl Scope {
    /// Finds the column that a name means: `column`, `relation.column`, each with fields of a STRUCT behind it.
    pub(super) fn resolve(&self, name: &Name) -> Result<Resolved, Diagnostic> {
        for relation in &self.relations {
            if let Some(taken) = relation.qualifier_length(name)
                && let Some(column) = relation.column(name, taken)
            {
                return resolved(relation, column, name, taken + 1);
            }
        }
        let mut found = Vec::new();
        for relation in &self.relations {
            found.extend(relation.column(name, 0).map(|column| (relation, column)));
        }
        match found.as_slice() {
            [(relation, column)] => resolved(relation, column, name, 1),
            [] => Err(self.unknown(name)),
            [(first, _), (second, _), ..] => {
                let message = format!(
                    "column `{}` is in {} and in {}",
                    name.parts[0].value,
                    first.shown(),
                    second.shown()
                );
                Err(Diagnostic::error(Code::AmbiguousColumn, name.span, message)
                    .with_help("put the relation's name before it"))
            }
        }
    }

    fn unknown(&self, name: &Name) -> Diagnostic {
        let qualified = self.relations.iter().find_map(|relation| {
            let taken = relation.qualifier_length(name)?;
            Some((relation, &name.parts.get(taken)?.value))
        });
        let (message, wanted, relations) = match qualified {
            Some((relation, column)) => {
                let message = format!("there is no column `{column}` in {}", relation.shown());
                (message, column, std::slice::from_ref(relation))
            }
            None if name.parts.len() > 1 => {
                let first = &name.parts[0].value;
                let names = self.relations.iter().map(|relation| match relation.is_unnamed {
                    true => relation.shown(),
                    false => relation.qualifier.join("."),
                });
                let help = match names.collect::<Vec<_>>().as_slice() {
                    [] => "there is no FROM".to_owned(),
                    names => format!("in scope: {}", names.join(", ")),
                };
                let message = format!("there is neither a relation nor a column `{first}` here");
                return Diagnostic::error(Code::UnknownColumn, name.span, message).with_help(help);
            }
            None => {
                let column = &name.parts[0].value;
                let message = match self.relations.as_slice() {
                    [only] if only.qualifier == [COMPUTED_QUALIFIER] => {
                        format!("there is no column `{column}` in the stream that could be used here")
                    }
                    [only] => format!("there is no column `{column}` in {}", only.shown()),
                    [] => format!("there is no column `{column}`, since there is no FROM"),
                    _ => format!("there is no column `{column}`"),
                };
                (message, column, self.relations.as_slice())
            }
        };
        let names = || {
            relations
                .iter()
                .flat_map(|relation| relation.columns.iter().map(|column| column.name.as_str()))
        };
        let help = did_you_mean(wanted, names()).or_else(|| {
            const SHOWN_MAX: usize = 20;
            let shown: Vec<_> = names().take(SHOWN_MAX).collect();
            let more = if names().count() > SHOWN_MAX { ", …" } else { "" };
            (!shown.is_empty()).then(|| format!("the columns are {}{more}", shown.join(", ")))
        });
        Diagnostic::error(Code::UnknownColumn, name.span, message).with_help_opt(help)
    }
}

impl ScopeRelation {
    /// The relation in a message.
    pub(super) fn shown(&self) -> String {
        match self.is_unnamed {
            true => "the sub-query".to_owned(),
            false => format!("`{}`", self.qualifier.join(".")),
        }
    }

    /// How many parts of the name qualify it as one of this relation's; at least one part is left for the column.
    pub(super) fn qualifier_length(&self, name: &Name) -> Option<usize> {
        // `system.errors` is also known as `errors`.
        (1..=self.qualifier.len()).rev().find(|length| {
            let tail = &self.qualifier[self.qualifier.len() - length..];
            name.parts.len() > *length && tail.iter().zip(&name.parts).all(|(own, part)| part.matches(own))
        })
    }

    fn column(&self, name: &Name, at: usize) -> Option<&ScopeColumn> {
        let part = name.parts.get(at)?;
        self.columns.iter().find(|column| part.matches(&column.name))
    }
}

/// The full name, the fields behind the column included.
fn resolved(
    relation: &ScopeRelation,
    column: &ScopeColumn,
    name: &Name,
    fields_at: usize,
) -> Result<Resolved, Diagnostic> {
    let mut parts = relation.qualifier.clone();
    parts.push(column.name.clone());
    let mut data_type = column.data_type.clone();
    let mut last = column.name.clone();
    for part in &name.parts[fields_at..] {
        let field = match &data_type {
            Some(DataType::Struct(fields)) => {
                let Some(field) = fields.iter().find(|field| part.matches(field.name())) else {
                    let message = format!("there is no field `{}` in `{last}`", part.value);
                    let help = did_you_mean(&part.value, fields.iter().map(|field| field.name().as_str()));
                    return Err(
                        Diagnostic::error(Code::UnknownColumn, name.span, message).with_help_opt(help)
                    );
                };
                (field.name().clone(), Some(field.data_type().clone()))
            }
            Some(other) => {
                let message = format!(
                    "`{last}` has no fields: it is {}",
                    crate::catalog::TypeName(other)
                );
                return Err(Diagnostic::error(Code::UnknownColumn, name.span, message));
            }
            None => (part.value.clone(), None),
        };
        last.clone_from(&field.0);
        parts.push(field.0);
        data_type = field.1;
    }
    Ok(Resolved {
        parts,
        column: last,
        data_type,
    })
}
