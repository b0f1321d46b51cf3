//! Every format documents what it does, and its defaults work.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema};
use eventflux_core::connector::FormatDoc;

use super::harness::{Case, column, plan_encoder, registry};

fn check(doc: &FormatDoc) {
    assert!(
        doc.summary.ends_with('.') && !doc.details.trim().is_empty(),
        "{}",
        doc.name
    );
    let options = doc.decode_options.into_iter().chain(doc.encode_options).flatten();
    for option in options {
        assert!(
            option.doc.ends_with('.') && !option.kind.is_empty(),
            "{} {}",
            doc.name,
            option.name
        );
    }
}

#[test]
fn every_format_has_a_page_and_works_without_options() {
    let registry = registry();
    let columns = |name: &str| {
        vec![column(
            "c",
            if name == "raw" {
                DataType::Binary
            } else {
                DataType::Utf8
            },
        )]
    };
    for format in registry.decoders() {
        let doc = format.doc();
        check(doc);
        assert!(doc.decode_options.is_some(), "{}", doc.name);
        assert!(
            Case::new(doc.name, columns(doc.name), &[]).plan().is_ok(),
            "{}",
            doc.name
        );
    }
    for format in registry.encoders() {
        let doc = format.doc();
        check(doc);
        assert!(doc.encode_options.is_some(), "{}", doc.name);
        assert!(
            plan_encoder(doc.name, &Arc::new(Schema::new(columns(doc.name))), &[0], &[]).is_ok(),
            "{}",
            doc.name
        );
    }
}

#[test]
fn five_thousand_columns_are_read() {
    let columns: Vec<FieldRef> = (0..5_000)
        .map(|place| column(&format!("c{place}"), DataType::Int64))
        .collect();
    let names: Vec<_> = columns.iter().map(|field| field.name().clone()).collect();
    let json = Case::new("json", columns.clone(), &[]).stream("{\"c4999\":7}\n");
    assert!(json.rows[0].ends_with("\"c4999\":7}"));
    let csv = format!("{}\n{}\n", names.join(","), vec!["1"; 5_000].join(","));
    assert_eq!(Case::new("csv", columns, &[]).stream(csv).rows.len(), 1);
}
