//! What can be sent as a row.

use eventflux_core::batch::Value;

/// One value per column, in the order of the stream's columns: a tuple, an array, a `Vec` or a slice of values.
///
/// ```
/// use eventflux::{IntoRow, Value};
/// let row = ("IBM", 12.5, None::<i64>).into_values();
/// assert_eq!(row, ["IBM".into(), 12.5.into(), Value::Null]);
/// ```
pub trait IntoRow {
    /// The values.
    type Values: AsRef<[Value]>;

    /// The values in the order of the columns.
    fn into_values(self) -> Self::Values;
}

impl IntoRow for Vec<Value> {
    type Values = Vec<Value>;

    fn into_values(self) -> Vec<Value> {
        self
    }
}

impl<'a> IntoRow for &'a [Value] {
    type Values = &'a [Value];

    fn into_values(self) -> &'a [Value] {
        self
    }
}

impl<'a, const N: usize> IntoRow for &'a [Value; N] {
    type Values = &'a [Value];

    fn into_values(self) -> &'a [Value] {
        self
    }
}

impl<T: Into<Value>, const N: usize> IntoRow for [T; N] {
    type Values = [Value; N];

    fn into_values(self) -> [Value; N] {
        self.map(Into::into)
    }
}

macro_rules! tuples {
    ($($count:literal: $($name:ident)+;)+) => {$(
        impl<$($name: Into<Value>),+> IntoRow for ($($name,)+) {
            type Values = [Value; $count];

            #[allow(non_snake_case, reason = "a type and its value share a name")]
            fn into_values(self) -> [Value; $count] {
                let ($($name,)+) = self;
                [$($name.into()),+]
            }
        }
    )+};
}

tuples! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
    9: A B C D E F G H I;
    10: A B C D E F G H I J;
    11: A B C D E F G H I J K;
    12: A B C D E F G H I J K L;
}
