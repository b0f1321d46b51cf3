//! Scalar functions of the program's own: a closure over the values of a row, and one over whole columns.

use std::error::Error;
use std::sync::Arc;

use eventflux::EventFluxAppRuntimeBuilder;
use eventflux::arrow::array::{ArrayRef, AsArray, Float64Array};
use eventflux::arrow::datatypes::{DataType, Float64Type};
use eventflux::expr::{ArgumentTypes, FunctionError, RowFunction, ScalarFunction, Text};

/// `celsius(fahrenheit)`, a column at a time.
#[derive(Debug)]
struct Celsius;

impl ScalarFunction for Celsius {
    fn name(&self) -> &str {
        "celsius"
    }

    fn arguments(&self) -> ArgumentTypes {
        ArgumentTypes::Exact(vec![DataType::Float64])
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType, FunctionError> {
        Ok(DataType::Float64)
    }

    fn invoke(&self, arguments: &[ArrayRef], _row_count: usize) -> Result<ArrayRef, FunctionError> {
        let fahrenheit = arguments[0].as_primitive::<Float64Type>();
        let celsius: Float64Array = fahrenheit.unary(|degrees| (degrees - 32.0) / 1.8);
        Ok(Arc::new(celsius))
    }
}

const APP: &str = "
    CREATE STREAM Readings (place STRING, fahrenheit DOUBLE);
    SELECT initials(place) AS place, celsius(fahrenheit) AS degrees FROM Readings;";

/// Places and degrees.
pub fn run() -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let initials = RowFunction::new("initials", |place: Text| {
        place
            .split_whitespace()
            .filter_map(|word| word.chars().next())
            .collect::<String>()
    });
    let runtime = EventFluxAppRuntimeBuilder::new(APP)
        .register_function(initials)
        .register_function(Celsius)
        .build()?;
    let mut degrees = runtime.output_stream("select")?;
    runtime.start()?;
    let readings = runtime.input_handler("Readings")?;
    readings.send(("New York", 212.0))?;
    readings.send(("Key West", 77.0))?;
    runtime.finish()?;
    let mut all = Vec::new();
    while let Some(rows) = degrees.next_blocking() {
        for row in &rows {
            all.push((row.get("place")?, row.get("degrees")?));
        }
    }
    Ok(all)
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> Result<(), Box<dyn Error>> {
    for (place, degrees) in run()? {
        println!("{place} {degrees}");
    }
    Ok(())
}
