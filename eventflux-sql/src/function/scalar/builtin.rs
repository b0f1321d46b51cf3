//! What a function of our own is made of.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, DocSection, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};

use crate::function::reference::{Chapter, Entry};

/// The result's field for arguments.
pub(super) type FieldRule = fn(&'static str, &ReturnFieldArgs<'_>) -> Result<FieldRef>;

/// A function over columns.
pub(super) type Kernel = fn(ScalarFunctionArgs) -> Result<ColumnarValue>;

/// A scalar function as data.
#[derive(Debug)]
pub(in crate::function) struct Builtin {
    name: &'static str,
    signature: Signature,
    field: FieldRule,
    kernel: Kernel,
    documentation: Documentation,
    chapter: Chapter,
    entry: Entry,
}

impl Builtin {
    /// A function of this name.
    pub(super) fn new(name: &'static str, signature: Signature, field: FieldRule, kernel: Kernel) -> Self {
        Self {
            name,
            signature,
            field,
            kernel,
            documentation: Documentation::builder(DocSection::default(), "", name).build(),
            chapter: Chapter::Text,
            entry: (name, name, "", "", ""),
        }
    }

    /// Its entry in the reference: a call, what it gives in one or a few sentences, and an example `call => value`.
    pub(super) fn documented(
        mut self,
        chapter: Chapter,
        call: &'static str,
        description: &'static str,
        example: &'static str,
    ) -> Self {
        let (expression, value) = example.split_once(" => ").unwrap_or((example, ""));
        self.documentation = Documentation::builder(DocSection::default(), description, call).build();
        self.chapter = chapter;
        self.entry = (self.name, call, description, expression, value);
        self
    }

    /// Its entry in the reference.
    pub(in crate::function) fn entry(&self) -> (Chapter, Entry) {
        (self.chapter, self.entry)
    }

    /// As the planner sees it.
    pub(super) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(self))
    }
}

/// A field of this type that is NULL at most where an argument is.
pub(super) fn strict(name: &str, data_type: DataType, args: &ReturnFieldArgs<'_>) -> FieldRef {
    let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
    Arc::new(Field::new(name, data_type, is_nullable))
}

impl ScalarUDFImpl for Builtin {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = types
            .iter()
            .map(|data_type| Arc::new(Field::new("", data_type.clone(), true)))
            .collect();
        let none = vec![None; fields.len()];
        let args = ReturnFieldArgs {
            arg_fields: &fields,
            scalar_arguments: &none,
        };
        Ok((self.field)(self.name, &args)?.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        (self.field)(self.name, &args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        (self.kernel)(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

// A name stands for one function.
impl PartialEq for Builtin {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Builtin {}

impl Hash for Builtin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
