//! Which functions have bounds, and which.

use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs};

use super::argument::Argument;
use super::{array, finite, series, text};

/// What keeps the results of a function within bounds.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// Fails before the call, if it would give too much for one of the rows, or for all of them together.
    Before(Measure),
    /// As `Before`; and a row that has a NULL argument has the result NULL.
    Strict(Measure),
    /// Fails after the call, if a row has a result that is none.
    After(Check),
}

pub(super) type Measure = fn(&'static str, &ScalarFunctionArgs) -> Result<()>;
pub(super) type Check = fn(&'static str, &[Argument], &ColumnarValue) -> Result<()>;

use Bound::{After, Before, Strict};

/// By name, in order.
const BOUNDED: &[(&str, Bound)] = &[
    ("acos", After(finite::number)),
    ("acosh", After(finite::number)),
    ("array_append", Before(text::sum)),
    ("array_concat", Before(text::sum)),
    ("array_except", Before(array::sum_of_two)),
    ("array_has_all", Strict(array::product_of_two)),
    ("array_has_any", Strict(array::product_of_two)),
    ("array_intersect", Before(array::sum_of_two)),
    ("array_position", Before(array::position)),
    ("array_prepend", Before(text::sum)),
    ("array_repeat", Before(array::repeat)),
    ("array_replace", Before(array::replace)),
    ("array_replace_all", Before(array::replace)),
    ("array_replace_n", Before(array::replace)),
    ("array_resize", Before(array::resize)),
    ("array_slice", Before(array::places)),
    ("array_sort", Before(array::constant_order)),
    ("array_to_string", Before(array::join)),
    ("array_union", Before(array::sum_of_two)),
    ("arrays_zip", Before(text::sum)),
    ("asin", After(finite::number)),
    ("atanh", After(finite::number)),
    ("concat", Before(text::sum)),
    ("concat_ws", Before(text::join)),
    ("cos", After(finite::number)),
    ("degrees", After(finite::finite)),
    ("exp", After(finite::finite)),
    ("generate_series", Before(series::series)),
    ("levenshtein", Before(text::product)),
    ("ln", After(finite::finite)),
    ("log", After(finite::finite)),
    ("log10", After(finite::finite)),
    ("log2", After(finite::finite)),
    ("make_array", Before(text::sum)),
    ("map", Before(array::pairs)),
    ("named_struct", Before(text::sum)),
    ("overlay", Before(text::sum)),
    ("power", After(finite::finite)),
    ("radians", After(finite::number)),
    ("range", Before(series::series)),
    ("repeat", Before(text::repeat)),
    ("replace", Before(text::replace)),
    ("round", After(finite::finite)),
    ("sin", After(finite::number)),
    ("struct", Before(text::sum)),
    ("tan", After(finite::number)),
    ("translate", Before(text::translate)),
    ("trunc", After(finite::finite)),
];

/// The bound of the function of this name, if it has one.
pub(super) fn bound_of(name: &str) -> Option<(&'static str, Bound)> {
    let index = BOUNDED.binary_search_by_key(&name, |(bounded, _)| bounded).ok()?;
    Some(BOUNDED[index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::FunctionRegistry;

    #[test]
    fn the_list_is_in_order_and_names_functions() {
        assert!(BOUNDED.is_sorted_by_key(|(name, _)| *name));
        let registry = FunctionRegistry::new();
        for (name, _) in BOUNDED {
            let function = registry.scalar(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(function.name(), *name, "an alias is not what is called");
        }
    }
}
