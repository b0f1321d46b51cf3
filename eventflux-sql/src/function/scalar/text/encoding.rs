//! `encode`: bytes as text.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, TypeSignature, Volatility,
};

use super::super::builtin::{Builtin, strict};
use crate::function::reference::Chapter;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let forms =
        [DataType::Binary, DataType::Utf8].map(|bytes| TypeSignature::Exact(vec![bytes, DataType::Utf8]));
    let signature = Signature::one_of(forms.to_vec(), Volatility::Immutable);
    vec![
        Builtin::new("encode", signature, field, encode)
            .documented(
                Chapter::Encoding,
                "encode(bytes, encoding)",
                "Bytes, or the bytes of a text, as `hex` or `base64`. `base64` is filled up with `=`; lines are not broken.",
                "encode('abcd', 'base64') => YWJjZA==",
            )
            .udf(),
    ]
}

fn field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    Ok(strict(name, DataType::Utf8, args))
}

fn encode(mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    // What is base64 to PostgreSQL is filled up; DataFusion has a name of its own for that.
    if let Some(ColumnarValue::Scalar(encoding)) = args.args.get_mut(1)
        && encoding.try_as_str().flatten() == Some("base64")
    {
        *encoding = ScalarValue::from("base64pad");
    }
    if let Some(bytes) = args.args.first_mut() {
        *bytes = bytes.cast_to(&DataType::Binary, None)?;
    }
    datafusion_functions::encoding::encode().invoke_with_args(args)
}
