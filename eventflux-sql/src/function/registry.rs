//! Functions by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion_expr::planner::ExprPlanner;
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use eventflux_core::expr::ScalarFunction;

use super::alias::{AGGREGATE_ALIASES, SCALAR_ALIASES};
use super::reference::{self, FunctionDoc};
use super::refusal::refusal;
use super::scalar;
use super::user::{RegistrationError, UserFunction, is_function_name};
use crate::diagnostic::closest;

/// All functions of the language. Names are lower case; the planner folds unquoted names before it asks.
#[derive(Debug, Clone)]
pub struct FunctionRegistry {
    scalars: BTreeMap<String, Arc<ScalarUDF>>,
    aggregates: BTreeMap<String, Arc<AggregateUDF>>,
    windows: BTreeMap<String, Arc<WindowUDF>>,
    planners: Vec<Arc<dyn ExprPlanner>>,
}

impl FunctionRegistry {
    /// The built-in functions.
    pub fn new() -> Self {
        let mut registry = Self {
            scalars: BTreeMap::new(),
            aggregates: BTreeMap::new(),
            windows: BTreeMap::new(),
            planners: Vec::new(),
        };
        let own = scalar::functions();
        // A function of our own takes the place of one of the same name, and that one's aliases go with it.
        let is_taken = |name: &str| own.iter().any(|function| function.name() == name);
        let scalars = datafusion_functions::all_default_functions()
            .into_iter()
            .chain(datafusion_functions_nested::all_default_nested_functions())
            .filter(|function| refusal(function.name()).is_none() && !is_taken(function.name()))
            .chain(own.iter().cloned());
        for function in scalars {
            registry.add_scalar(function);
        }
        for function in datafusion_functions_aggregate::all_default_aggregate_functions() {
            add(
                &mut registry.aggregates,
                function.name(),
                function.aliases(),
                &function,
            );
        }
        for function in datafusion_functions_window::all_default_window_functions() {
            add(
                &mut registry.windows,
                function.name(),
                function.aliases(),
                &function,
            );
        }
        add_aliases(&mut registry.scalars, SCALAR_ALIASES);
        add_aliases(&mut registry.aggregates, AGGREGATE_ALIASES);
        registry.planners = registry.make_planners();
        registry
    }

    /// Adds a function of the application.
    ///
    /// **Errors** Its name is taken, or is none.
    pub fn register(&mut self, function: Arc<dyn ScalarFunction>) -> Result<(), RegistrationError> {
        let name = function.name().to_owned();
        if !is_function_name(&name) {
            return Err(RegistrationError::Name { name });
        }
        let is_taken = self.scalars.contains_key(&name)
            || self.aggregates.contains_key(&name)
            || self.windows.contains_key(&name);
        if is_taken {
            return Err(RegistrationError::Taken { name });
        }
        self.scalars
            .insert(name, Arc::new(ScalarUDF::from(UserFunction::new(function))));
        Ok(())
    }

    /// The scalar function of this name or alias.
    pub fn scalar(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalars.get(name).cloned()
    }

    /// The aggregate function of this name or alias.
    pub fn aggregate(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregates.get(name).cloned()
    }

    /// The function of this name that needs an OVER clause: known so that the clause can be refused by name.
    pub fn window(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.windows.get(name).cloned()
    }

    /// Why a function that other systems have is not one of ours, in one sentence without a full stop.
    pub fn refusal(&self, name: &str) -> Option<&'static str> {
        if self.scalars.contains_key(name) {
            return None;
        }
        refusal(name)
    }

    /// The registered name nearest to one that is not known.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        closest(name, self.scalar_names().chain(self.aggregate_names()))
    }

    /// How operators, EXTRACT, POSITION, SUBSTRING, OVERLAY, literals of arrays, maps and structs, field and element access
    /// become function calls.
    pub fn planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    /// All names and aliases of scalar functions, in order.
    pub fn scalar_names(&self) -> impl Iterator<Item = &str> {
        self.scalars.keys().map(String::as_str)
    }

    /// All names and aliases of aggregate functions, in order.
    pub fn aggregate_names(&self) -> impl Iterator<Item = &str> {
        self.aggregates.keys().map(String::as_str)
    }

    /// All names of functions that need OVER, in order.
    pub fn window_names(&self) -> impl Iterator<Item = &str> {
        self.windows.keys().map(String::as_str)
    }

    /// The entries of all built-in scalar functions in the reference, in the order of their names.
    pub fn docs(&self) -> Vec<FunctionDoc> {
        let mut docs: BTreeMap<&str, FunctionDoc> = BTreeMap::new();
        for (name, function) in &self.scalars {
            let Some(doc) = reference::docs(function) else {
                continue;
            };
            let doc = docs.entry(function.name()).or_insert(doc);
            if name != function.name() {
                doc.aliases.push(name.clone());
            }
        }
        docs.into_values().collect()
    }

    /// How a scalar function is called, for one who called it otherwise.
    pub(crate) fn usage(&self, name: &str) -> Option<String> {
        let function = self.scalars.get(name)?;
        match reference::docs(function) {
            Some(doc) => Some(doc.call),
            None => function.documentation().map(|doc| doc.syntax_example.clone()),
        }
    }

    fn make_planners(&self) -> Vec<Arc<dyn ExprPlanner>> {
        let mut planners: Vec<Arc<dyn ExprPlanner>> = Vec::new();
        if let Some(function) = self.scalar("substring_pattern") {
            planners.push(Arc::new(scalar::SubstringPattern::new(function)));
        }
        let others: [Arc<dyn ExprPlanner>; 8] = [
            Arc::new(scalar::JsonOperators::new(|name| self.scalar(name))),
            Arc::new(datafusion_functions::core::planner::CoreFunctionPlanner::default()),
            Arc::new(datafusion_functions::datetime::planner::DatetimeFunctionPlanner),
            Arc::new(datafusion_functions::unicode::planner::UnicodeFunctionPlanner),
            Arc::new(datafusion_functions_nested::planner::NestedFunctionPlanner),
            Arc::new(datafusion_functions_nested::planner::FieldAccessPlanner),
            Arc::new(datafusion_functions_aggregate::planner::AggregateFunctionPlanner),
            Arc::new(datafusion_functions_window::planner::WindowFunctionPlanner),
        ];
        planners.extend(others);
        planners
    }

    fn add_scalar(&mut self, function: Arc<ScalarUDF>) {
        add(&mut self.scalars, function.name(), function.aliases(), &function);
    }
}

impl Default for FunctionRegistry {
    fn default() -> Self {
        Self::new()
    }
}

fn add<F>(functions: &mut BTreeMap<String, Arc<F>>, name: &str, aliases: &[String], function: &Arc<F>) {
    for name in std::iter::once(name).chain(aliases.iter().map(String::as_str)) {
        functions.insert(name.to_owned(), Arc::clone(function));
    }
}

fn add_aliases<F>(functions: &mut BTreeMap<String, Arc<F>>, aliases: &[(&str, &str)]) {
    for (alias, name) in aliases {
        if let Some(function) = functions.get(*name).cloned() {
            functions.insert((*alias).to_owned(), function);
        }
    }
}

#[cfg(test)]
mod tests {
    use eventflux_core::expr::RowFunction;

    use super::*;

    #[test]
    fn names_of_both_worlds_are_found() {
        let registry = FunctionRegistry::new();
        for name in [
            "char_length",
            "ucase",
            "lcase",
            "ifnull",
            "sign",
            "pow",
            "ceiling",
        ] {
            assert!(registry.scalar(name).is_some(), "{name}");
        }
    }

    #[test]
    fn every_alias_stands_for_a_function() {
        let registry = FunctionRegistry::new();
        for (alias, name) in SCALAR_ALIASES {
            assert_eq!(registry.scalar(alias), registry.scalar(name), "{alias}");
            assert!(registry.scalar(name).is_some(), "{name}");
        }
        for (alias, name) in AGGREGATE_ALIASES {
            assert_eq!(registry.aggregate(alias), registry.aggregate(name), "{alias}");
            assert!(registry.aggregate(name).is_some(), "{name}");
        }
    }

    #[test]
    fn refused_functions_are_not_registered() {
        let registry = FunctionRegistry::new();
        for (name, _) in super::super::refusal::REFUSED {
            assert!(registry.scalar(name).is_none(), "{name}");
            assert!(registry.refusal(name).is_some(), "{name}");
        }
        assert_eq!(registry.refusal("lower"), None);
    }

    #[test]
    fn a_function_of_the_application_is_found_and_takes_no_name_away() {
        let function = |name: &str| Arc::new(RowFunction::new(name, |x: i64| x + 1));
        let mut registry = FunctionRegistry::new();
        registry.register(function("next_one")).unwrap();
        assert!(registry.scalar("next_one").is_some());
        for name in ["lower", "next_one", "count", "row_number"] {
            let taken = registry.register(function(name)).unwrap_err();
            assert_eq!(taken.to_string(), format!("there is a function `{name}` already"));
        }
        for name in ["", "NextOne", "1st", "next one"] {
            assert!(
                matches!(
                    registry.register(function(name)),
                    Err(RegistrationError::Name { .. })
                ),
                "{name}"
            );
        }
    }

    #[test]
    fn slips_of_the_pen_are_understood() {
        let registry = FunctionRegistry::new();
        assert_eq!(registry.suggest("lowr"), Some("lower"));
        assert_eq!(registry.suggest("strpso"), Some("strpos"));
        assert_eq!(registry.suggest("completely_else"), None);
    }
}
