//! What functions that stand for an operator of two operands have in common.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, internal_err};
use datafusion_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion_expr::{Operator, ReturnFieldArgs};

/// The type of an operator's result.
pub(super) fn result_type(operator: &Operator, types: &[DataType]) -> Result<DataType> {
    match types {
        [left, right] => BinaryTypeCoercer::new(left, operator, right).get_result_type(),
        _ => internal_err!("{operator} takes two arguments"),
    }
}

/// The field of an operator's result: without NULLs if its operands have none.
pub(super) fn result_field(name: &str, operator: &Operator, args: &ReturnFieldArgs) -> Result<FieldRef> {
    let fields = args.arg_fields.iter();
    let types: Vec<DataType> = fields.clone().map(|field| field.data_type().clone()).collect();
    let is_nullable = fields.clone().any(|field| field.is_nullable());
    let data_type = result_type(operator, &types)?;
    Ok(Arc::new(Field::new(name, data_type, is_nullable)))
}
