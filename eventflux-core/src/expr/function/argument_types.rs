//! What a function may be called with.

use arrow::datatypes::DataType;

/// The types of a function's arguments. A call with others is cast to them where nothing is lost, else it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ArgumentTypes {
    /// These, in this order.
    Exact(Vec<DataType>),
    /// One or more of this type.
    Variadic(DataType),
    /// So many, each of whatever type it has.
    Any(usize),
}
