//! Which functions are measured, and how.

use datafusion_common::Result;
use datafusion_expr::ScalarFunctionArgs;

use super::{array, series, text};

/// Fails if the function of this name would give too much for one of the rows, or for all of them together.
pub(super) type Measure = fn(&'static str, &ScalarFunctionArgs) -> Result<()>;

/// By name, in order.
const BOUNDED: &[(&str, Measure)] = &[
    ("array_append", text::sum),
    ("array_concat", text::sum),
    ("array_except", array::sum_of_two),
    ("array_has_all", array::product_of_two),
    ("array_has_any", array::product_of_two),
    ("array_intersect", array::sum_of_two),
    ("array_prepend", text::sum),
    ("array_repeat", array::repeat),
    ("array_replace", array::replace),
    ("array_replace_all", array::replace),
    ("array_replace_n", array::replace),
    ("array_resize", array::resize),
    ("array_to_string", array::join),
    ("array_union", array::sum_of_two),
    ("arrays_zip", text::sum),
    ("concat", text::sum),
    ("concat_ws", text::join),
    ("generate_series", series::series),
    ("levenshtein", text::product),
    ("make_array", text::sum),
    ("map", text::sum),
    ("named_struct", text::sum),
    ("overlay", text::sum),
    ("range", series::series),
    ("repeat", text::repeat),
    ("replace", text::replace),
    ("struct", text::sum),
    ("translate", text::translate),
];

/// How the function of this name is measured, if it is.
pub(super) fn measure_of(name: &str) -> Option<(&'static str, Measure)> {
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
