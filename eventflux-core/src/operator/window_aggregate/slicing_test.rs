use proptest::prelude::*;

use super::*;

/// All windows of a time, by trying every start near it.
fn naive_windows(window: &WindowSpec, time: i64) -> Vec<Span> {
    let mut windows = Vec::new();
    match *window {
        WindowSpec::Tumble { size_us, offset_us } => {
            return naive_windows(
                &WindowSpec::Hop {
                    slide_us: size_us,
                    size_us,
                    offset_us,
                },
                time,
            );
        }
        WindowSpec::Hop {
            slide_us,
            size_us,
            offset_us,
        } => {
            for k in (time - size_us - offset_us) / slide_us - 2..=(time - offset_us) / slide_us + 2 {
                let start = k * slide_us + offset_us;
                windows.push(Span {
                    start,
                    end: start + size_us,
                });
            }
        }
        WindowSpec::Cumulate {
            step_us,
            size_us,
            offset_us,
        } => {
            for k in (time - offset_us) / size_us - 2..=(time - offset_us) / size_us + 2 {
                let start = k * size_us + offset_us;
                windows.extend((1..=size_us / step_us).map(|n| Span {
                    start,
                    end: start + n * step_us,
                }));
            }
        }
        WindowSpec::Session { .. } => {}
    }
    windows.retain(|window| window.contains(time));
    windows.sort_by_key(|window| window.end);
    windows
}

fn any_window() -> impl Strategy<Value = WindowSpec> {
    prop_oneof![
        (1..20i64, 0..20i64).prop_map(|(size_us, offset)| WindowSpec::Tumble {
            size_us,
            offset_us: offset % size_us
        }),
        (1..20i64, 1..40i64, 0..20i64).prop_map(|(slide_us, size_us, offset)| {
            WindowSpec::Hop {
                slide_us,
                size_us,
                offset_us: offset % slide_us,
            }
        }),
        (1..8i64, 1..6i64, 0..48i64).prop_map(|(step_us, steps, offset)| WindowSpec::Cumulate {
            step_us,
            size_us: step_us * steps,
            offset_us: offset % (step_us * steps)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_time_is_in_the_right_windows(window in any_window(), time in -100..100i64) {
        let slicing = Slicing::new(&window).unwrap();
        let expected = naive_windows(&window, time);
        let Place::Slice(slice) = slicing.place(time) else {
            prop_assert!(expected.is_empty(), "{expected:?}");
            return Ok(());
        };
        prop_assert!(slice.contains(time));
        let mut windows = Vec::new();
        let mut after = i64::MIN;
        while let Some(end) = slicing.next_end(slice, after) {
            windows.push(Span { start: slicing.window_start(end).unwrap(), end });
            after = end;
        }
        prop_assert_eq!(&windows, &expected);
        prop_assert_eq!(slicing.last_end(slice), expected.last().unwrap().end);
        // The slice is whole: all its times are in the same windows.
        for other in [slice.start, slice.end - 1] {
            prop_assert_eq!(naive_windows(&window, other), expected.clone());
            prop_assert_eq!(slicing.place(other), Place::Slice(slice));
        }
    }

    #[test]
    fn extreme_times_overflow_nothing(window in any_window(), time in prop_oneof![
        i64::MIN..i64::MIN + 100, i64::MAX - 100..=i64::MAX, any::<i64>()
    ]) {
        let slicing = Slicing::new(&window).unwrap();
        if let Place::Slice(slice) = slicing.place(time) {
            prop_assert!(slice.contains(time));
            prop_assert!(slicing.last_end(slice) >= slice.end);
            prop_assert!(slicing.next_end(slice, i64::MIN).is_some());
            prop_assert_eq!(slicing.next_end(slice, i64::MAX), None);
        }
    }
}

#[test]
fn a_window_that_reaches_beyond_timestamps_is_out_of_range() {
    let slicing = Slicing::new(&WindowSpec::Tumble {
        size_us: 1_000,
        offset_us: 0,
    })
    .unwrap();
    assert_eq!(slicing.place(i64::MAX), Place::OutOfRange);
    assert_eq!(slicing.place(i64::MIN), Place::OutOfRange);
    assert!(matches!(slicing.place(i64::MAX - 1_000), Place::Slice(_)));
}

#[test]
fn an_hour_that_hops_by_25_minutes_is_cut_twice_per_hop() {
    let minute = 60_000_000;
    let window = WindowSpec::Hop {
        slide_us: 25 * minute,
        size_us: 60 * minute,
        offset_us: 0,
    };
    let slicing = Slicing::new(&window).unwrap();
    assert_eq!(
        slicing.place(3 * minute),
        Place::Slice(Span {
            start: 0,
            end: 10 * minute
        })
    );
    assert_eq!(
        slicing.place(12 * minute),
        Place::Slice(Span {
            start: 10 * minute,
            end: 25 * minute
        })
    );
}
