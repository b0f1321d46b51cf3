//! The time: `now()`, `current_timestamp`, `localtimestamp`, `current_date`, `current_time`, `localtime`, `proctime()`.
//!
//! It is that of the element which the running subtask works on: all rows of a batch see the same, and under a virtual clock
//! it is exactly the virtual one. It is never taken for a constant while a query is planned.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use eventflux_core::time::task_now_us;

const DAY_US: i64 = 86_400_000_000;

/// What is said of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// TIMESTAMPTZ
    Instant,
    /// TIMESTAMP, in UTC
    Local,
    Date,
    TimeOfDay,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Now {
    name: &'static str,
    aliases: Vec<String>,
    part: Part,
    signature: Signature,
}

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let functions = [
        (
            "now",
            &[
                "current_timestamp",
                "transaction_timestamp",
                "statement_timestamp",
                "clock_timestamp",
            ][..],
            Part::Instant,
        ),
        ("localtimestamp", &["proctime"], Part::Local),
        ("current_date", &["today"], Part::Date),
        ("current_time", &["localtime"], Part::TimeOfDay),
    ];
    let function = |(name, aliases, part): (&'static str, &[&str], Part)| {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        // Volatile: only such functions are left alone when constants are folded.
        let signature = Signature::nullary(Volatility::Volatile);
        Arc::new(ScalarUDF::from(Now {
            name,
            aliases,
            part,
            signature,
        }))
    };
    functions.into_iter().map(function).collect()
}

impl ScalarUDFImpl for Now {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(match self.part {
            Part::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Part::Local => DataType::Timestamp(TimeUnit::Microsecond, None),
            Part::Date => DataType::Date32,
            Part::TimeOfDay => DataType::Time64(TimeUnit::Microsecond),
        })
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name, self.return_type(&[])?, false)))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(now_us) = task_now_us() else {
            return exec_err!("{}: there is no time outside of a running query", self.name);
        };
        Ok(ColumnarValue::Scalar(match self.part {
            Part::Instant => ScalarValue::TimestampMicrosecond(Some(now_us), Some("UTC".into())),
            Part::Local => ScalarValue::TimestampMicrosecond(Some(now_us), None),
            Part::Date => match i32::try_from(now_us.div_euclid(DAY_US)) {
                Ok(days) => ScalarValue::Date32(Some(days)),
                Err(_) => return exec_err!("{}: the clock is out of range", self.name),
            },
            Part::TimeOfDay => ScalarValue::Time64Microsecond(Some(now_us.rem_euclid(DAY_US))),
        }))
    }
}
