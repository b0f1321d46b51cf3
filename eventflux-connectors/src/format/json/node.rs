//! Which keys of a record go to which columns, nested ones included.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::fault::Parsed;
use super::fields::{Fields, Step, Use};
use super::path::PathStep;
use super::value::ValueReader;
use crate::format::column::Column;

/// A column and how it is read.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The column.
    pub column: Column,
    /// How its values are read.
    pub reader: ValueReader,
}

/// A column, if it is used, and the steps to its value.
pub type ColumnPath<'a> = (Option<usize>, &'a [PathStep]);

/// What the values in an object or array are for.
#[derive(Debug, Clone)]
pub struct Node {
    fields: Fields,
    targets: Vec<Target>,
    items: Vec<(usize, Target)>,
}

/// What one value is for.
#[derive(Debug, Clone)]
struct Target {
    /// The only column, in the usual case.
    single: Option<usize>,
    /// All columns that take the value as it is.
    columns: Vec<usize>,
    /// What is inside of it.
    inside: Option<Box<Node>>,
    /// All columns that are filled from it or from inside of it.
    filled: Vec<usize>,
    /// The record in which it last came by its exact name.
    exact_record: u64,
}

/// The columns of the record that is being read.
pub struct Record<'a> {
    /// All columns.
    pub slots: &'a mut [Slot],
    /// Rows before this one.
    pub row_count: usize,
    /// The record's number, from 1; no other record has it.
    pub number: u64,
}

impl Node {
    /// The node of the columns with these paths; a path without a column is known, and skipped. `is_closed` makes an
    /// unknown key a fault.
    pub fn new(paths: &[ColumnPath<'_>], is_closed: bool) -> Self {
        let (mut names, mut targets, mut items) = (Vec::new(), Vec::new(), Vec::new());
        for (step, inner) in by_first_step(paths) {
            match step {
                PathStep::Field(name) => {
                    names.push(name.as_str());
                    targets.push(Target::new(&inner));
                }
                PathStep::Item(index) => items.push((*index, Target::new(&inner))),
            }
        }
        Self {
            fields: Fields::new(names.into_iter(), is_closed),
            targets,
            items,
        }
    }

    /// Reads an object.
    pub fn read_object(
        &mut self,
        cursor: &mut Cursor<'_>,
        record: &mut Record<'_>,
        depth: usize,
    ) -> Parsed<()> {
        let mut place = 0;
        let mut step = self.fields.first(cursor, depth, &mut place)?;
        loop {
            match step {
                Step::End => return Ok(()),
                Step::Value(Use::None) => {
                    cursor.skip_value(depth + 1)?;
                }
                Step::Value(Use::Exact(target)) => {
                    self.targets[target].read(cursor, record, true, depth + 1)?
                }
                Step::Value(Use::Folded(target)) => {
                    self.targets[target].read(cursor, record, false, depth + 1)?
                }
            }
            step = self.fields.next(cursor, &mut place)?;
        }
    }

    /// Reads an array.
    fn read_array(&mut self, cursor: &mut Cursor<'_>, record: &mut Record<'_>, depth: usize) -> Parsed<()> {
        cursor.open(b'[', depth)?;
        if cursor.skip_blanks() == b']' {
            cursor.advance(1);
            return Ok(());
        }
        for index in 0.. {
            match self.items.iter_mut().find(|(item, _)| *item == index) {
                Some((_, target)) => target.read(cursor, record, true, depth + 1)?,
                None => {
                    cursor.skip_value(depth + 1)?;
                }
            }
            if cursor.has_closed(b']')? {
                break;
            }
        }
        Ok(())
    }
}

/// The paths by their first step, in the order in which those came; each without it.
fn by_first_step<'a>(paths: &[ColumnPath<'a>]) -> Vec<(&'a PathStep, Vec<ColumnPath<'a>>)> {
    let mut groups: Vec<(&PathStep, Vec<ColumnPath<'a>>)> = Vec::new();
    let mut places = HashMap::new();
    for (column, path) in paths {
        let Some((step, inner)) = path.split_first() else {
            continue;
        };
        let place = *places.entry(step).or_insert_with(|| {
            groups.push((step, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push((*column, inner));
    }
    groups
}

impl Target {
    fn new(paths: &[ColumnPath<'_>]) -> Self {
        let columns: Vec<_> = paths
            .iter()
            .filter(|(_, path)| path.is_empty())
            .filter_map(|(column, _)| *column)
            .collect();
        let inner: Vec<_> = paths
            .iter()
            .filter(|(_, path)| !path.is_empty())
            .copied()
            .collect();
        Self {
            single: if inner.is_empty() && columns.len() == 1 {
                Some(columns[0])
            } else {
                None
            },
            columns,
            inside: (!inner.is_empty()).then(|| Box::new(Node::new(&inner, false))),
            filled: paths.iter().filter_map(|(column, _)| *column).collect(),
            exact_record: 0,
        }
    }

    /// Reads a value; the last of equal keys wins, and the exact name before others.
    #[inline]
    fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        record: &mut Record<'_>,
        is_exact: bool,
        depth: usize,
    ) -> Parsed<()> {
        if !is_exact && self.exact_record == record.number {
            cursor.skip_value(depth)?;
            return Ok(());
        }
        if is_exact {
            self.exact_record = record.number;
        }
        match self.single {
            Some(column) => record.read(cursor, column, depth),
            None => self.read_many(cursor, record, depth),
        }
    }

    fn read_many(&mut self, cursor: &mut Cursor<'_>, record: &mut Record<'_>, depth: usize) -> Parsed<()> {
        for column in &self.filled {
            record.slots[*column].column.truncate(record.row_count);
        }
        let start = cursor.position();
        for column in &self.columns {
            cursor.set_position(start);
            record.read(cursor, *column, depth)?;
        }
        cursor.set_position(start);
        match (cursor.peek(), &mut self.inside) {
            (b'{', Some(inside)) if !inside.targets.is_empty() => inside.read_object(cursor, record, depth),
            (b'[', Some(inside)) if !inside.items.is_empty() => inside.read_array(cursor, record, depth),
            // What is not there is NULL, as with JSON paths in SQL.
            _ => cursor.skip_value(depth).map(|_| ()),
        }
    }
}

impl Record<'_> {
    #[inline]
    fn read(&mut self, cursor: &mut Cursor<'_>, column: usize, depth: usize) -> Parsed<()> {
        let Slot { column, reader } = &mut self.slots[column];
        if column.len() > self.row_count {
            column.truncate(self.row_count);
        }
        reader
            .read(cursor, column, depth)
            .map_err(|fault| fault.of_column(column.field.name()))
    }

    /// Makes what has not come NULL.
    #[inline]
    pub fn end(&mut self) -> Parsed<()> {
        for slot in self
            .slots
            .iter_mut()
            .filter(|slot| slot.column.len() == self.row_count)
        {
            let column = &mut slot.column;
            column
                .push_null()
                .map_err(|misfit| misfit.of_column(column.field.name()))?;
        }
        Ok(())
    }

    /// Takes off what has come.
    pub fn undo(&mut self) {
        self.slots
            .iter_mut()
            .for_each(|slot| slot.column.truncate(self.row_count));
    }
}
