use super::*;

fn expiry(ttl_us: i64) -> Expiry {
    Expiry::new(StateTtl {
        ttl_us,
        repeats_results: false,
    })
}

#[test]
fn a_group_is_over_when_it_was_not_written_for_longer_than_the_ttl() {
    let mut expiry = expiry(10);
    assert!(!expiry.is_over(5, 15));
    assert!(expiry.is_over(5, 16));
    assert!(!expiry.is_over(NEVER, i64::MAX));
    assert!(!expiry.is_over(5, -100));
    // A late row counts as one at the watermark.
    expiry.set_watermark(16);
    assert!(expiry.is_over(5, 7));
    // The end says nothing of time.
    expiry.set_watermark(WATERMARK_MAX);
    assert!(!expiry.is_over(6, 16));
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let mut expiry = expiry(i64::MAX);
    expiry.set_watermark(i64::MIN + 2);
    assert!(!expiry.is_over(i64::MIN + 1, i64::MAX - 1));
    assert_eq!(expiry.over_up_to(), i64::MIN);
    assert_eq!(rounded(i64::MAX, 1 << 40), i64::MAX);
    assert_eq!([rounded(-3, 4), rounded(0, 4), rounded(1, 4)], [0, 0, 4]);
}

#[test]
fn a_batch_is_cut_where_a_group_begins_anew_that_was_written_in_it() {
    let expiry = expiry(10);
    let cuts = |groups: &[Group], times: &[i64], kinds: Option<&[RowKind]>| {
        let mut states = CallStates::new(&aggregation()).unwrap();
        states.resize(3);
        let mut batch = BatchGroups::default();
        batch.fill(groups);
        expiry.cuts(&batch, &states, times, kinds, false)
    };
    let none: [usize; 0] = [];
    assert_eq!(cuts(&[0, 1, 0, 1], &[0, 5, 10, 15], None), none);
    assert_eq!(cuts(&[0, 1, 0, 1], &[0, 5, 11, 15], None), [2]);
    // One cut serves both.
    assert_eq!(cuts(&[0, 1, 0, 1], &[0, 5, 11, 16], None), [2]);
    assert_eq!(cuts(&[0, 0, 0], &[0, 11, 22], None), [1, 2]);
    // What is taken back and was not there writes nothing; what has no rows left has nothing to forget.
    use RowKind::{Delete, Insert};
    assert_eq!(cuts(&[0, 0], &[0, 11], Some(&[Delete, Insert])), none);
    assert_eq!(
        cuts(&[0, 0, 0], &[0, 1, 12], Some(&[Insert, Delete, Insert])),
        none
    );
}

fn aggregation() -> crate::operator::group::Aggregation {
    let schema = crate::testing::schema("key text");
    let aggregation = crate::operator::group::Aggregation::new(&[0], &[], &schema, true).unwrap();
    aggregation.with_last_writes(true)
}

#[test]
fn a_stored_group_has_its_last_write_rounded_up_and_ends_with_it() {
    let mut states = CallStates::new(&aggregation()).unwrap();
    states.resize(1);
    states.write_at(0, 41);
    let mut value = Vec::new();
    states.encode(0, &mut value).unwrap();
    let last_writes = LastWrites { step_us: 10 };
    let mut times = Vec::new();
    last_writes.times(&value, &mut times).unwrap();
    assert_eq!((times, last_writes.end(&value).unwrap()), (vec![50], Some(41)));
    assert!(last_writes.times(&value[..12], &mut Vec::new()).is_err());
}
