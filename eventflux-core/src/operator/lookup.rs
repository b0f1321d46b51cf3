//! What is stored of one key: for people who look into a checkpoint.
//!
//! **Shapes** A node of a plan and the values of its key columns go in, and the rows of its stored state; out comes what the aggregates
//! come to so far, as columns. What cannot be shown is refused with the reason.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{Field, FieldRef, Schema};

use super::aggregate::Stored;
use super::group::{Aggregation, CallStates, GroupTable, NEVER, stored_last_write};
use super::session_aggregate::session_bounds;
use super::window_aggregate::WindowAggregate;
use crate::element::{WATERMARK_MAX, Watermark};
use crate::error::{Error, Result};
use crate::key::{KeyBytes, hash_bytes, key_group};
use crate::plan::{ChangelogMode, NodeId, OperatorSpec, PhysicalPlan, StateTtl, WindowSpec, WindowTime};
use crate::state::{KeyGroup, StateReader};

/// The table that aggregations keep their groups in.
const GROUPS: u8 = 0;

/// How the state of one operator is looked up by key.
#[derive(Debug)]
pub struct StateLookup {
    aggregation: Aggregation,
    key_fields: Vec<FieldRef>,
    key_groups: u32,
    form: Form,
    /// Of groups that are forgotten when they are written no more.
    ttl: Option<StateTtl>,
}

/// How an operator's rows are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One per key.
    Group,
    /// One per slice of time and key.
    Slice,
    /// One per key, with all of its sessions.
    Sessions,
}

/// What is stored of a key.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// Of a window: the first microsecond, and the one after the last. Of a session: its first and its last row.
    pub bounds_us: Option<(i64, i64)>,
    /// How many rows it is of.
    pub row_count: i64,
    /// What the aggregates come to so far: one row.
    pub values: RecordBatch,
    /// Results that do not fit their types.
    pub failures: Vec<String>,
}

impl StateLookup {
    /// For a node of a plan; `None` if it keeps no state by key.
    ///
    /// **Errors** In words: why its state cannot be shown.
    pub fn of(plan: &PhysicalPlan, id: NodeId) -> std::result::Result<Option<Self>, String> {
        let node = plan.node(id);
        let (keys, calls, form) = match &node.spec {
            OperatorSpec::GroupAggregate(spec) => (&spec.keys, &spec.calls, Form::Group),
            OperatorSpec::WindowAggregate(spec) => {
                let form = match spec.window {
                    WindowTime::Assign(WindowSpec::Session { .. }) => Form::Sessions,
                    _ => Form::Slice,
                };
                (&spec.keys, &spec.calls, form)
            }
            OperatorSpec::WindowAssign(spec) => {
                return match spec.window {
                    WindowSpec::Session { .. } => {
                        Err("it keeps the rows of open sessions, which are not shown".to_owned())
                    }
                    _ => Ok(None),
                };
            }
            _ => return Ok(None),
        };
        let Some(edge) = plan.inputs(id).next() else {
            return Err("it has no input".to_owned());
        };
        let (schema, changelog) = plan.rows_of(edge);
        let retracts = changelog != ChangelogMode::Append;
        if retracts && form == Form::Sessions {
            return Err("sessions of rows that change keep these rows, which are not shown".to_owned());
        }
        let ttl = match &node.spec {
            OperatorSpec::GroupAggregate(spec) => spec.state_ttl,
            _ => None,
        };
        let aggregation = Aggregation::new(keys, calls, &schema, retracts);
        let aggregation = aggregation.map_err(|error| error.to_string())?;
        Ok(Some(Self {
            aggregation: aggregation.with_last_writes(ttl.is_some()),
            key_fields: keys.iter().map(|index| schema.fields()[*index].clone()).collect(),
            key_groups: plan.key_groups,
            form,
            ttl,
        }))
    }

    /// The key columns.
    pub fn key_fields(&self) -> &[FieldRef] {
        &self.key_fields
    }

    /// A key of these values, as text; `None` is NULL.
    ///
    /// **Errors** In words: there are too many or too few, or one is not of its column's type.
    pub fn key(&self, values: &[Option<String>]) -> std::result::Result<StoredKey, String> {
        if values.len() != self.key_fields.len() {
            let names: Vec<&str> = self
                .key_fields
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            return Err(match names.is_empty() {
                true => "it has one group for all rows, and no key".to_owned(),
                false => format!(
                    "its key is ({}), and {} values are given",
                    names.join(", "),
                    values.len()
                ),
            });
        }
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(values.len());
        for (field, value) in self.key_fields.iter().zip(values) {
            let text = StringArray::from(vec![value.as_deref()]);
            let options = CastOptions {
                safe: false,
                ..CastOptions::default()
            };
            let cast = cast_with_options(&text, field.data_type(), &options);
            columns.push(cast.map_err(|_| {
                let value = value.as_deref().unwrap_or("NULL");
                format!("`{value}` is no {} for `{}`", field.data_type(), field.name())
            })?);
        }
        let mut bytes = KeyBytes::default();
        bytes
            .fill_columns(&columns, 1)
            .map_err(|error| error.to_string())?;
        let bytes = bytes.row(0).to_vec();
        Ok(StoredKey {
            key_group: key_group(hash_bytes(&bytes), self.key_groups),
            bytes,
        })
    }

    /// What is stored of a key, by time. The reader gives rows of the operator, at least those of the key's group. It blocks.
    /// `watermark`: how far event time had come at the operator; what no row can write any more is not found, stored or not.
    ///
    /// **Errors** The store fails; what is stored is damaged.
    pub fn find(
        &self,
        key: &StoredKey,
        watermark: Watermark,
        state: &mut dyn StateReader,
    ) -> Result<Vec<StoredEntry>> {
        let prefix_bytes = match self.form {
            Form::Slice => WindowAggregate::PREFIX_BYTES,
            Form::Group | Form::Sessions => 0,
        };
        // By what stands before the key, the newest value; nothing where it was taken out.
        let mut found: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        while let Some(row) = state.next_row()? {
            let split = row.key.split_at_checked(prefix_bytes);
            if let Some((prefix, rest)) = split
                && row.table == GROUPS
                && rest == key.bytes
            {
                found.insert(prefix.to_vec(), row.value.map(<[u8]>::to_vec));
            }
        }
        let mut entries = Vec::new();
        for (prefix, value) in found {
            let Some(value) = value else {
                continue;
            };
            match self.form {
                Form::Group if self.is_over(&value, watermark)? => {}
                Form::Group => entries.push(self.entry(None, &key.bytes, &value)?),
                Form::Slice => {
                    let mut bounds = Stored::new(&prefix);
                    let bounds = (bounds.i64()?, bounds.i64()?);
                    entries.push(self.entry(Some(bounds), &key.bytes, &value)?);
                }
                Form::Sessions => self.sessions(&value, &mut entries)?,
            }
        }
        entries.sort_by_key(|entry| entry.bounds_us);
        Ok(entries)
    }

    /// Whether the next row of a group begins it anew.
    fn is_over(&self, value: &[u8], watermark: Watermark) -> Result<bool> {
        // The watermark of the end says nothing of time.
        let Some(ttl) = self.ttl.filter(|_| watermark != WATERMARK_MAX) else {
            return Ok(false);
        };
        let last_write = stored_last_write(value)?;
        Ok(last_write != NEVER && ttl.is_over(last_write, watermark))
    }

    fn entry(&self, bounds_us: Option<(i64, i64)>, key: &[u8], value: &[u8]) -> Result<StoredEntry> {
        let mut table = GroupTable::new(&self.aggregation, false)?;
        table.restore(&[(key, Some(value))])?;
        let groups = table.keys().groups();
        let [group] = groups[..] else {
            return Err(Error::Bug("one key gives more than one group".into()));
        };
        let row_count = table.states().row_count(group);
        let results = table.evaluate(&groups)?;
        self.shown(bounds_us, row_count, results.columns, results.failures)
    }

    fn sessions(&self, value: &[u8], entries: &mut Vec<StoredEntry>) -> Result<()> {
        let mut input = Stored::new(value);
        for bounds in session_bounds(&mut input)? {
            let mut states = CallStates::new(&self.aggregation)?;
            states.resize(1);
            states.decode(0, &mut input)?;
            let results = states.evaluate(&[0])?;
            entries.push(self.shown(
                Some(bounds),
                states.row_count(0),
                results.columns,
                results.failures,
            )?);
        }
        input.finish()
    }

    fn shown(
        &self,
        bounds_us: Option<(i64, i64)>,
        row_count: i64,
        columns: Vec<ArrayRef>,
        failures: Vec<(usize, String)>,
    ) -> Result<StoredEntry> {
        // Two calls may have the same name in the query; here both are shown.
        let named = self.aggregation.calls.iter().zip(&columns).enumerate();
        let fields: Vec<Field> = named
            .map(|(number, (call, column))| {
                let name = call.output.name();
                let is_twice = self
                    .aggregation
                    .calls
                    .iter()
                    .take(number)
                    .any(|other| other.output.name() == name);
                let name = match is_twice {
                    true => format!("{name} ({})", number + 1),
                    false => name.clone(),
                };
                Field::new(name, column.data_type().clone(), true)
                    .with_metadata(call.output.metadata().clone())
            })
            .collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
        Ok(StoredEntry {
            bounds_us,
            row_count,
            values: RecordBatch::try_new_with_options(Schema::new(fields).into(), columns, &options)?,
            failures: failures.into_iter().map(|(_, reason)| reason).collect(),
        })
    }
}

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    bytes: Vec<u8>,
    key_group: KeyGroup,
}

impl StoredKey {
    /// The bucket that it falls into.
    pub fn key_group(&self) -> KeyGroup {
        self.key_group
    }
}
