//! Every example of the library runs and gives what it should.

#[path = "../examples/async_stream.rs"]
mod async_stream;
#[path = "../examples/callbacks.rs"]
mod callbacks;
#[path = "../examples/custom_function.rs"]
mod custom_function;
#[path = "../examples/custom_sink.rs"]
mod custom_sink;
#[path = "../examples/custom_source.rs"]
mod custom_source;
#[path = "../examples/distributed.rs"]
mod distributed;
#[path = "../examples/redis_state_example.rs"]
mod redis_state_example;
#[path = "../examples/several_runtimes.rs"]
mod several_runtimes;
#[path = "../examples/simple_filter.rs"]
mod simple_filter;

#[test]
fn simple_filter() {
    assert_eq!(simple_filter::run().unwrap(), ["high", "higher"]);
}

#[test]
fn callbacks() {
    let expected = [
        "+I IBM Some(1)",
        "+U IBM Some(2)",
        "+U IBM Some(3)",
        "-U IBM Some(1)",
        "-U IBM Some(2)",
        "IBM Some(705.0)",
        "IBM Some(800.0)",
    ];
    assert_eq!(callbacks::run().unwrap(), expected);
}

#[tokio::test]
async fn async_stream() {
    assert_eq!(async_stream::run().await.unwrap(), [1, 4, 9]);
}

#[test]
fn custom_source() {
    assert_eq!(custom_source::run().unwrap(), [9998, 9999, 10000]);
}

#[test]
fn custom_sink() {
    assert_eq!(custom_sink::run().unwrap(), ["> ADA", "> GRACE"]);
}

#[test]
fn custom_function() {
    let expected = [("NY".to_owned(), 100.0), ("KW".to_owned(), 25.0)];
    assert_eq!(custom_function::run().unwrap(), expected);
}

#[test]
fn several_runtimes() {
    assert_eq!(several_runtimes::run().unwrap(), [2, 4, 6]);
}

#[test]
fn distributed() {
    let expected = [("A".to_owned(), 12), ("B".to_owned(), 3)];
    assert_eq!(distributed::run().unwrap(), expected.into());
}

#[test]
fn redis_state_example() {
    let address = std::env::var("EVENTFLUX_TEST_REDIS")
        .expect("EVENTFLUX_TEST_REDIS names a Redis: run scripts/test.sh");
    let expected = [
        "A Ok(3) Ok(15)",
        "B Ok(2) Ok(10)",
        "minute of A: Ok(15)",
        "minute of B: Ok(9)",
    ];
    assert_eq!(
        redis_state_example::run(&format!("redis://{address}")).unwrap(),
        expected
    );
}

/// Each file of the folder is a test above.
#[test]
fn no_example_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    names.sort();
    let here = include_str!("examples.rs");
    assert_eq!(names.len(), 9);
    for name in names {
        let name = name.file_name().unwrap().to_str().unwrap();
        assert!(
            here.contains(&format!("\"../examples/{name}\"")),
            "{name} is not tested"
        );
    }
}
