//! DataFusion's accumulators, for the few aggregates that have no form of their own here.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion_common::ScalarValue;
use datafusion_expr::AggregateUDF;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{Column, Literal};

use super::message::error_message;
use crate::error::{Error, Result};
use crate::plan::{AggregateCall, AggregateFunction};

/// Makes accumulators of one aggregate call.
pub struct AccumulatorFactory {
    function: Arc<AggregateUDF>,
    return_field: FieldRef,
    fields: Vec<FieldRef>,
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    parameters: Vec<ScalarValue>,
    schema: Schema,
    state_types: Vec<DataType>,
}

/// The state of one group.
pub struct Accumulator {
    inner: Box<dyn datafusion_expr::Accumulator>,
    name: String,
}

impl AccumulatorFactory {
    /// A factory for a call of a function of DataFusion.
    ///
    /// **Errors** The call is of another function, or DataFusion refuses it.
    pub fn new(call: &AggregateCall) -> Result<Self> {
        let AggregateFunction::DataFusion(function) = &call.function else {
            return Err(Error::Bug(format!(
                "{} is no function of DataFusion",
                call.function.name()
            )));
        };
        let columns = call.argument_types.iter().enumerate();
        let columns = columns
            .map(|(index, data_type)| Arc::new(Field::new(format!("a{index}"), data_type.clone(), true)));
        let columns = columns.collect::<Vec<FieldRef>>();
        let literals = call.parameters.iter().enumerate();
        let literals =
            literals.map(|(index, value)| Arc::new(Field::new(format!("p{index}"), value.data_type(), true)));
        let column = |(index, field): (usize, &FieldRef)| Arc::new(Column::new(field.name(), index)) as _;
        let mut expressions = columns
            .iter()
            .enumerate()
            .map(column)
            .collect::<Vec<Arc<dyn PhysicalExpr>>>();
        expressions.extend(
            call.parameters
                .iter()
                .map(|value| Arc::new(Literal::new(value.clone())) as _),
        );
        let mut factory = Self {
            function: Arc::clone(function),
            return_field: call.output.clone(),
            schema: Schema::new(columns.clone()),
            fields: columns.into_iter().chain(literals).collect(),
            expressions,
            parameters: call.parameters.clone(),
            state_types: Vec::new(),
        };
        factory.build()?;
        let state_fields = factory.function.state_fields(StateFieldsArgs {
            name: factory.function.name(),
            input_fields: &factory.fields,
            return_field: factory.return_field.clone(),
            ordering_fields: &[],
            is_distinct: false,
        });
        let state_fields = state_fields.map_err(|error| factory.failure(&error))?;
        factory.state_types = state_fields
            .iter()
            .map(|field| field.data_type().clone())
            .collect();
        Ok(factory)
    }

    /// An accumulator of no rows.
    pub fn build(&self) -> Result<Accumulator> {
        let arguments = AccumulatorArgs {
            return_field: self.return_field.clone(),
            schema: &self.schema,
            ignore_nulls: false,
            order_bys: &[],
            is_reversed: false,
            name: self.function.name(),
            is_distinct: false,
            exprs: &self.expressions,
            expr_fields: &self.fields,
        };
        let inner = self
            .function
            .accumulator(arguments)
            .map_err(|error| self.failure(&error))?;
        Ok(Accumulator {
            inner,
            name: self.function.name().to_owned(),
        })
    }

    /// The types of the columns of a state.
    pub fn state_types(&self) -> &[DataType] {
        &self.state_types
    }

    /// Argument columns with those of the constant arguments behind them.
    pub fn with_parameters(&self, arguments: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        let row_count = arguments.first().map_or(0, |argument| argument.len());
        let constants = self
            .parameters
            .iter()
            .map(|value| value.to_array_of_size(row_count));
        let constants = constants.collect::<datafusion_common::Result<Vec<_>>>();
        let constants = constants.map_err(|error| self.failure(&error))?;
        Ok(arguments.iter().cloned().chain(constants).collect())
    }

    fn failure(&self, error: &datafusion_common::DataFusionError) -> Error {
        Error::Expression {
            expression: self.function.name().to_owned(),
            message: error_message(error),
        }
    }
}

impl Accumulator {
    /// Adds rows.
    pub fn update(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        self.inner
            .update_batch(arguments)
            .map_err(|error| failure(&self.name, &error))
    }

    /// Adds states, one per row.
    pub fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner
            .merge_batch(states)
            .map_err(|error| failure(&self.name, &error))
    }

    /// The state as one row. Some accumulators are of no use after that.
    pub fn state(&mut self) -> Result<Vec<ArrayRef>> {
        let state = self
            .inner
            .state()
            .and_then(|values| values.iter().map(ScalarValue::to_array).collect());
        state.map_err(|error| failure(&self.name, &error))
    }

    /// The result as an array of one element.
    pub fn evaluate(&mut self) -> Result<ArrayRef> {
        let value = self.inner.evaluate().and_then(|value| value.to_array());
        value.map_err(|error| failure(&self.name, &error))
    }

    /// Bytes that the state takes.
    pub fn state_bytes(&self) -> usize {
        self.inner.size()
    }
}

fn failure(name: &str, error: &datafusion_common::DataFusionError) -> Error {
    Error::Expression {
        expression: name.to_owned(),
        message: error_message(error),
    }
}

impl fmt::Debug for Accumulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accumulator of {}", self.name)
    }
}
