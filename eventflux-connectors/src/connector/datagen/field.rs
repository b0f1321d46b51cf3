//! One column: its rule, and its values for some rows.

use std::fmt::{Display, Write};
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, UInt32Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{CastOptions, can_cast_types, cast, cast_with_options, take};
use arrow::datatypes::{DataType, Field};
use eventflux_core::Result;
use eventflux_core::connector::OptionError;

use super::number::NumberType;
use super::options::{DatagenOptions, Kind};
use super::rule::Rule;
use super::text::push_letters;
use crate::generator::{Draws, RowRun, Zipf};

/// Letters of a random string without other words.
const LENGTHS: (i64, i64) = (8, 8);
/// The longest random string.
const LENGTH_MAX: i64 = 1 << 20;
/// Ranks of a zipf without other words.
const RANKS: i64 = 1000;

/// One column.
#[derive(Debug)]
pub struct FieldRule {
    name: String,
    data_type: DataType,
    values: Values,
    draws: Draws,
    null_rate: f64,
    null_draws: Draws,
}

#[derive(Debug)]
enum Values {
    Numbers(NumberType, Rule),
    /// From the least to the greatest, the greatest excluded.
    Floats(f64, f64),
    /// The first and the step.
    FloatSequence(f64, f64),
    /// Numbers as floats or strings.
    OfNumber(Rule),
    Booleans,
    Letters((i64, i64)),
    Choice(ArrayRef, Rule),
}

/// The options of one column.
struct Given<'a> {
    options: &'a DatagenOptions,
    name: &'a str,
}

impl Given<'_> {
    fn of<'m, T>(&self, map: &'m std::collections::BTreeMap<String, T>) -> Option<&'m T> {
        map.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(self.name))
            .map(|(_, value)| value)
    }

    fn wrong(&self, option: &str, message: impl Into<String>) -> OptionError {
        OptionError::new(format!("fields.{}.{option}", self.name), message)
    }

    /// The range, read by `parse`, with what is not given.
    fn range<T: PartialOrd + Copy + Display>(
        &self,
        parse: impl Fn(&str) -> Result<T, String>,
        usual: (T, T),
    ) -> Result<(T, T), OptionError> {
        let read = |option, text: Option<&String>| {
            text.map(|text| parse(text).map_err(|message| self.wrong(option, message)))
                .transpose()
        };
        let (min, max) = (
            read("min", self.of(&self.options.min))?,
            read("max", self.of(&self.options.max))?,
        );
        match (min, max) {
            (Some(min), None) if min > usual.1 => {
                Err(self.wrong("max", format!("is needed where `min` is above {}", usual.1)))
            }
            (None, Some(max)) if max < usual.0 => {
                Err(self.wrong("min", format!("is needed where `max` is below {}", usual.0)))
            }
            (Some(min), Some(max)) if max < min => Err(self.wrong("max", "is less than `min`")),
            (min, max) => Ok((min.unwrap_or(usual.0), max.unwrap_or(usual.1))),
        }
    }

    fn zipf(&self, count: u64) -> Result<Zipf, OptionError> {
        let exponent = self.of(&self.options.exponent).copied().unwrap_or(1.0);
        match exponent > 0.0 && exponent <= 100.0 {
            true => Ok(Zipf::new(count, exponent)),
            false => Err(self.wrong("exponent", "has to be above 0 and 100 at the most")),
        }
    }

    /// A rule of whole numbers.
    fn rule(&self, kind: Kind, numbers: &NumberType) -> Result<Rule, OptionError> {
        let (bounds, usual) = (numbers.bounds(), numbers.usual_range());
        let parse = |text: &str| numbers.parse(text);
        Ok(match kind {
            Kind::Sequence => {
                let step = match self.of(&self.options.step) {
                    Some(text) => numbers
                        .parse_step(text)
                        .map_err(|message| self.wrong("step", message))?,
                    None => numbers.usual_step(self.options.rows_per_second),
                };
                let (least, most) = self.range(parse, (usual.0, bounds.1))?;
                match self.of(&self.options.max) {
                    Some(_) if step <= 0 => {
                        return Err(self.wrong("step", "has to be above 0 where there is a `max`"));
                    }
                    Some(_) => Rule::sequence(least, step, (least, most)),
                    None => Rule::sequence(least, step, bounds),
                }
            }
            Kind::Zipf => {
                let (least, most) =
                    self.range(parse, (usual.0, usual.0.saturating_add(RANKS - 1).min(bounds.1)))?;
                Rule::Zipf {
                    least,
                    zipf: self.zipf((most.wrapping_sub(least) as u64).saturating_add(1))?,
                }
            }
            Kind::Random | Kind::Choice => {
                let (least, most) = self.range(parse, usual)?;
                Rule::Random { least, most }
            }
        })
    }
}

impl FieldRule {
    /// The rule of a column as the options say.
    ///
    /// **Errors** Options that do not fit the column's type or each other.
    pub fn new(field: &Field, options: &DatagenOptions) -> Result<Self, OptionError> {
        let (name, data_type) = (field.name(), field.data_type());
        let given = Given { options, name };
        let null_rate = given.of(&options.null_rate).copied().unwrap_or(0.0);
        if !(0.0..=1.0).contains(&null_rate) {
            return Err(given.wrong("null_rate", "has to be from 0 to 1"));
        }
        if null_rate > 0.0 && !field.is_nullable() {
            return Err(given.wrong("null_rate", "is above 0 but the column is NOT NULL"));
        }
        let values = values(&given, data_type)?;
        check_used(&given, &values)?;
        Ok(Self {
            name: name.clone(),
            data_type: data_type.clone(),
            values,
            draws: Draws::new(options.seed, name),
            null_rate,
            null_draws: Draws::new(options.seed, &format!("{name} is null")),
        })
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The column for some rows.
    pub fn array(&self, run: RowRun) -> Result<ArrayRef> {
        let (draws, rows) = (self.draws, run.indices());
        let nulls = self.nulls(run);
        let array: ArrayRef = match &self.values {
            Values::Numbers(numbers, rule) => {
                return numbers.array(rows.map(|row| rule.value(row, draws)).collect(), nulls);
            }
            Values::Floats(least, most) => {
                let value = |row| least + draws.at(row).unit() * (most - least);
                Arc::new(Float64Array::new(rows.map(value).collect(), nulls))
            }
            Values::FloatSequence(first, step) => Arc::new(Float64Array::new(
                rows.map(|row| first + step * row as f64).collect(),
                nulls,
            )),
            Values::OfNumber(rule) if is_float(&self.data_type) => Arc::new(Float64Array::new(
                rows.map(|row| rule.value(row, draws) as f64).collect(),
                nulls,
            )),
            Values::OfNumber(rule) => strings(run, nulls, |row, text| {
                // Writing to memory does not fail.
                let _ = write!(text, "{}", rule.value(row, draws));
            }),
            Values::Booleans => {
                let values: BooleanBuffer = rows.map(|row| draws.at(row).below(2) == 1).collect();
                Arc::new(BooleanArray::new(values, nulls))
            }
            Values::Letters(lengths) => strings(run, nulls, |row, text| {
                push_letters(text, &mut draws.at(row), *lengths)
            }),
            Values::Choice(values, rule) => {
                let indices = rows.map(|row| rule.value(row, draws) as u32).collect();
                return Ok(take(values, &UInt32Array::new(indices, nulls), None)?);
            }
        };
        Ok(if *array.data_type() == self.data_type {
            array
        } else {
            cast(&array, &self.data_type)?
        })
    }

    fn nulls(&self, run: RowRun) -> Option<NullBuffer> {
        let is_valid = |row| self.null_draws.at(row).unit() >= self.null_rate;
        (self.null_rate > 0.0).then(|| NullBuffer::new(run.indices().map(is_valid).collect()))
    }
}

fn values(given: &Given<'_>, data_type: &DataType) -> Result<Values, OptionError> {
    let options = given.options;
    let numbers = NumberType::new(data_type);
    let listed = given.of(&options.values);
    let kind = given.of(&options.kind).copied().unwrap_or(match &numbers {
        _ if listed.is_some() => Kind::Choice,
        Some(numbers) if numbers.is_timestamp() => Kind::Sequence,
        _ => Kind::Random,
    });
    if let (Some(listed), Kind::Choice | Kind::Zipf) = (listed, kind) {
        return choice(given, data_type, kind, listed);
    }
    if kind == Kind::Choice {
        return Err(given.wrong("values", "is required by kind `choice`"));
    }
    if let Some(numbers) = numbers {
        let rule = given.rule(kind, &numbers)?;
        return Ok(Values::Numbers(numbers, rule));
    }
    // Integers stand in for what has no numbers of its own.
    let integers = || NumberType::new(&DataType::Int64).ok_or_else(|| given.wrong("kind", "cannot be used"));
    if is_float(data_type) {
        let number = |text: &str| f64::from_str(text.trim()).map_err(|_| format!("`{text}` is not a number"));
        return Ok(match kind {
            Kind::Zipf => Values::OfNumber(given.rule(kind, &integers()?)?),
            Kind::Sequence => {
                let step = given.of(&options.step).map_or(Ok(1.0), |text| number(text));
                let step = step.map_err(|message| given.wrong("step", message))?;
                let (first, _) = given.range(number, (0.0, f64::MAX))?;
                Values::FloatSequence(first, step)
            }
            _ => {
                let (least, most) = given.range(number, (0.0, 1.0))?;
                Values::Floats(least, most)
            }
        });
    }
    if *data_type == DataType::Boolean {
        return match kind {
            Kind::Random => Ok(Values::Booleans),
            _ => Err(given.wrong("kind", "of a BOOLEAN column is `random` or `choice`")),
        };
    }
    if is_text(data_type) {
        let length = |text: &str| match text.trim().parse() {
            Ok(length @ 0..=LENGTH_MAX) => Ok(length),
            _ => Err(format!("`{text}` is not a length from 0 to {LENGTH_MAX}")),
        };
        return Ok(match kind {
            Kind::Random => Values::Letters(given.range(length, LENGTHS)?),
            _ => Values::OfNumber(given.rule(kind, &integers()?)?),
        });
    }
    let message = format!("values of type {data_type} cannot be made");
    Err(OptionError::new(format!("fields.{}", given.name), message).with_help("leave the column out"))
}

fn choice(
    given: &Given<'_>,
    data_type: &DataType,
    kind: Kind,
    listed: &[String],
) -> Result<Values, OptionError> {
    if listed.is_empty() {
        return Err(given.wrong("values", "names no value"));
    }
    if !can_cast_types(&DataType::Utf8, data_type) {
        return Err(given.wrong(
            "values",
            format!("values of type {data_type} cannot be made from text"),
        ));
    }
    let strict = CastOptions {
        safe: false,
        ..Default::default()
    };
    let parse = |text: &str| cast_with_options(&StringArray::from(vec![text]), data_type, &strict);
    if let Some(text) = listed.iter().find(|text| parse(text).is_err()) {
        return Err(given.wrong("values", format!("`{text}` is no value of type {data_type}")));
    }
    let values = cast_with_options(&StringArray::from(listed.to_vec()), data_type, &strict);
    let values = values.map_err(|error| given.wrong("values", error.to_string()))?;
    let rule = match kind {
        Kind::Zipf => Rule::Zipf {
            least: 0,
            zipf: given.zipf(listed.len() as u64)?,
        },
        _ => Rule::Random {
            least: 0,
            most: listed.len() as i64 - 1,
        },
    };
    Ok(Values::Choice(values, rule))
}

/// Options that the rule has no use for are mistakes.
fn check_used(given: &Given<'_>, values: &Values) -> Result<(), OptionError> {
    let options = given.options;
    let rule = match values {
        Values::Numbers(_, rule) | Values::OfNumber(rule) | Values::Choice(_, rule) => Some(rule),
        _ => None,
    };
    let is_sequence =
        matches!(rule, Some(Rule::Sequence { .. })) || matches!(values, Values::FloatSequence(..));
    let is_listed = matches!(values, Values::Choice(..));
    let has_range = !is_listed && !matches!(values, Values::Booleans);
    let unused = [
        ("values", given.of(&options.values).is_some() && !is_listed),
        ("step", given.of(&options.step).is_some() && !is_sequence),
        (
            "exponent",
            given.of(&options.exponent).is_some() && !matches!(rule, Some(Rule::Zipf { .. })),
        ),
        ("min", given.of(&options.min).is_some() && !has_range),
        (
            "max",
            given.of(&options.max).is_some() && (!has_range || matches!(values, Values::FloatSequence(..))),
        ),
    ];
    match unused.iter().find(|(_, is_unused)| *is_unused) {
        Some((option, _)) => Err(given.wrong(option, "has no meaning for this kind and type")),
        None => Ok(()),
    }
}

fn is_float(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Float16 | DataType::Float32 | DataType::Float64
    )
}

fn is_text(data_type: &DataType) -> bool {
    use DataType::{Binary, BinaryView, LargeBinary, LargeUtf8, Utf8, Utf8View};
    matches!(
        data_type,
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView
    )
}

fn strings(run: RowRun, nulls: Option<NullBuffer>, push: impl Fn(u64, &mut String)) -> ArrayRef {
    let mut text = String::new();
    let lengths = run.indices().map(|row| {
        let start = text.len();
        push(row, &mut text);
        text.len() - start
    });
    let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
    Arc::new(StringArray::new(offsets, text.into_bytes().into(), nulls))
}
