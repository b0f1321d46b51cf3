//! Configuration in layers: defaults < files < environment < flags.
//!
//! ```text
//! file ──► yaml ──► tree ──► short forms ──► check ──► layer ─┐
//! variables, flags ───────────────────────────────────► layer ─┼─► figment ──► references ──► typed keys
//! defaults of the types of `model` ────────────────────────────┘
//! ```
//!
//! **Invariants** Every layer is checked on its own, so that a mistake has its place even where another layer wins. Nothing is
//! accepted and ignored. A secret is in no diagnostic, in nothing that is shown, and in no `Debug`.

mod check;
mod decode;
mod effective;
mod environment;
mod files;
mod flags;
mod key;
mod layer;
mod mask;
pub mod model;
mod node;
#[cfg(test)]
mod page;
mod reference;
mod schema;
mod short_form;
#[cfg(test)]
mod soup_test;
mod store;
mod tree;
pub mod value;
mod yaml;

pub(crate) use decode::Mistake;
pub(crate) use effective::Origin;
pub use effective::{Effective, Purpose};
pub(crate) use environment::{layer as layer_of_environment, unknown as unknown_variables, variables};
pub(crate) use files::{LoadError, default_file, layers as layers_of_files};
pub(crate) use flags::{is_key, layer as layer_of_flags, with_defaults};
pub use layer::Refused;
pub(crate) use reference::Process;
pub use schema::schema;

use eventflux::connector::ResolveReference;
use layer::Layer;

/// Reads the text of one configuration file as the only layer. Does no more than `references` do.
///
/// **Errors** Every mistake, with its place; the text in them has its secrets hidden.
pub fn read(
    name: &str,
    text: &str,
    purpose: Purpose,
    references: &dyn ResolveReference,
) -> Result<Effective, Vec<Refused>> {
    read_with_variables(name, text, &[], purpose, references)
}

/// As [`read`], with variables of the environment, by name, over it.
///
/// **Errors** As [`read`].
pub fn read_with_variables(
    name: &str,
    text: &str,
    variables: &[(String, String)],
    purpose: Purpose,
    references: &dyn ResolveReference,
) -> Result<Effective, Vec<Refused>> {
    let mut layers = Layer::of_file(name, text).map_err(|refused| vec![refused])?;
    layers.push(layer_of_environment(variables).map_err(|refused| vec![refused])?);
    Effective::new(layers, purpose, references)
}
