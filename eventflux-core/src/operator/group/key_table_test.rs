use std::collections::HashMap;

use arrow::array::*;
use arrow::datatypes::*;
use proptest::prelude::*;

use super::*;

type Key = (Option<i64>, Option<String>, Option<bool>);

/// Columns of the same keys in each of the table's forms.
fn forms(keys: &[Key]) -> Vec<Vec<ArrayRef>> {
    let ints: ArrayRef = Arc::new(keys.iter().map(|key| key.0).collect::<Int64Array>());
    let small: ArrayRef = Arc::new(
        keys.iter()
            .map(|key| key.0.map(|value| value as i8))
            .collect::<Int8Array>(),
    );
    let days: ArrayRef = Arc::new(
        keys.iter()
            .map(|key| key.0.map(|value| value as i32))
            .collect::<Date32Array>(),
    );
    let strings: ArrayRef = Arc::new(keys.iter().map(|key| key.1.clone()).collect::<StringArray>());
    let views = cast(&strings, &DataType::Utf8View).unwrap();
    let flags: ArrayRef = Arc::new(keys.iter().map(|key| key.2).collect::<BooleanArray>());
    vec![
        vec![],
        vec![ints.clone()],
        vec![small.clone()],
        vec![small.clone(), flags.clone()],
        vec![days.clone(), small.clone(), flags.clone()],
        vec![ints.clone(), days, small],
        vec![ints.clone(), ints.clone()],
        vec![flags.clone()],
        vec![strings.clone()],
        vec![views],
        vec![ints, strings.clone()],
        vec![strings, flags],
    ]
}

fn table(columns: &[ArrayRef]) -> KeyTable {
    let data_types = columns
        .iter()
        .map(|column| column.data_type().clone())
        .collect::<Vec<_>>();
    KeyTable::new(&data_types).unwrap()
}

fn canonical(columns: &[ArrayRef], row_count: usize) -> Vec<Vec<u8>> {
    let mut bytes = KeyBytes::default();
    bytes.fill_columns(columns, row_count).unwrap();
    (0..row_count).map(|row| bytes.row(row).to_vec()).collect()
}

fn any_key() -> impl Strategy<Value = Key> {
    let ints = prop::option::of(prop_oneof![-3..3i64, any::<i64>()]);
    let strings = prop::option::of(prop_oneof![
        "[ab]{0,2}",
        "[ab\\x00]{13,18}",
        "longer than sixteen [ab]"
    ]);
    (ints, strings, any::<Option<bool>>())
}

proptest! {
    #[test]
    fn a_key_has_one_group_until_it_is_removed(
        rounds in prop::collection::vec((prop::collection::vec(any_key(), 0..12), any::<prop::sample::Index>()), 1..6),
    ) {
        for form in 0..forms(&[]).len() {
            let mut table = table(&forms(&[])[form]);
            let mut model = HashMap::<Vec<u8>, Group>::new();
            for (keys, removed) in &rounds {
                let columns = &forms(keys)[form];
                let mut groups = Vec::new();
                table.intern(columns, keys.len(), &mut groups).unwrap();
                for (key, group) in canonical(columns, keys.len()).into_iter().zip(&groups) {
                    prop_assert_eq!(*model.entry(key).or_insert(*group), *group);
                }
                prop_assert_eq!(table.len(), model.len());
                let mut all = model.values().copied().collect::<Vec<_>>();
                all.sort_unstable();
                all.dedup();
                prop_assert_eq!(&table.groups(), &all, "no two keys share a group");

                // The keys come back as they went in.
                let rebuilt = canonical(&table.columns(&groups).unwrap(), groups.len());
                prop_assert_eq!(rebuilt, canonical(columns, keys.len()));

                // They keep their order, and find their way into another table and from bytes.
                table.sort(&mut all);
                let mut other = self::table(columns);
                let moved = all.iter().map(|group| other.intern_from(&table, *group)).collect::<Vec<_>>();
                prop_assert_eq!(
                    canonical(&other.columns(&moved).unwrap(), moved.len()),
                    canonical(&table.columns(&all).unwrap(), all.len())
                );
                for (group, moved) in all.iter().zip(&moved) {
                    prop_assert_eq!(table.find_from(&other, *moved), Some(*group));
                }
                let bytes = canonical(&table.columns(&all).unwrap(), all.len());
                let mut again = Vec::new();
                table.intern_encoded(&bytes.iter().map(Vec::as_slice).collect::<Vec<_>>(), &mut again).unwrap();
                prop_assert_eq!(&again, &all);

                if !all.is_empty() {
                    let group = *removed.get(&all);
                    table.remove(group);
                    model.retain(|_, other| *other != group);
                }
            }
        }
    }
}

#[test]
fn groups_sort_by_value_with_nulls_last() {
    let sorted = |column: ArrayRef| {
        let mut table = table(std::slice::from_ref(&column));
        let mut groups = Vec::new();
        table.intern(&[column], 4, &mut groups).unwrap();
        table.sort(&mut groups);
        table.columns(&groups).unwrap().remove(0)
    };
    let ints: ArrayRef = Arc::new(Int32Array::from(vec![Some(5), None, Some(-7), Some(0)]));
    let expected: ArrayRef = Arc::new(Int32Array::from(vec![Some(-7), Some(0), Some(5), None]));
    assert_eq!(&sorted(ints), &expected);
    let strings: ArrayRef = Arc::new(StringArray::from(vec![
        Some("b"),
        None,
        Some("a much longer key"),
        Some(""),
    ]));
    let expected: ArrayRef = Arc::new(StringArray::from(vec![
        Some(""),
        Some("a much longer key"),
        Some("b"),
        None,
    ]));
    assert_eq!(&sorted(strings), &expected);
}

#[test]
fn groups_of_removed_keys_are_used_again() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let mut table = table(std::slice::from_ref(&column));
    table.intern(&[column], 3, &mut Vec::new()).unwrap();
    table.remove(1);
    let mut groups = Vec::new();
    table
        .intern(&[Arc::new(Int64Array::from(vec![9, 2]))], 2, &mut groups)
        .unwrap();
    assert_eq!(groups, [1, 3]);
    table.clear();
    assert_eq!((table.len(), table.slot_count()), (0, 0));
}
