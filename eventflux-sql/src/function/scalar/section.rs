//! The chapters of the reference that our own functions stand in.

use datafusion_expr::DocSection;
use datafusion_expr::scalar_doc_sections::{DOC_SECTION_DATETIME, DOC_SECTION_REGEX, DOC_SECTION_STRING};

pub(super) const REGEX: DocSection = DOC_SECTION_REGEX;
pub(super) const JSON: DocSection = DocSection {
    include: true,
    label: "JSON Functions",
    description: None,
};
pub(super) const STRING: DocSection = DOC_SECTION_STRING;
pub(super) const TIME: DocSection = DOC_SECTION_DATETIME;
