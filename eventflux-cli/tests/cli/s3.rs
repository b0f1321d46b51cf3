//! State in S3, through the real binary, against a server of its protocol.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::listen::Listening;
use crate::redis::World;

fn new_bucket(address: &str) -> String {
    let bucket = format!("cli-{}", std::process::id());
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "PUT /{bucket} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
    bucket
}

#[test]
fn a_run_that_is_killed_goes_on_from_its_checkpoints_in_s3() {
    let address = std::env::var("EVENTFLUX_TEST_S3").expect("run scripts/test.sh: it starts a server of S3");
    let url = format!("s3://{}/apps/sums", new_bucket(&address));
    let endpoint = format!("http://{address}");
    let variables = [
        ("AWS_ENDPOINT_URL", &*endpoint),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let mut world = World::new();
    let start = |world: &World| Listening::start_with(&world.place, &world.arguments(&url), &variables);
    for _ in 0..3 {
        let run = start(&world);
        world.write(300);
        world.wait_for_output();
        world.write(300);
        // `kill -9`, wherever it is now.
        drop(run);
    }
    let run = start(&world);
    world.wait_for_output();
    run.interrupt().exits(0);
    assert_eq!(world.out(), world.expected());
    // Without its endpoint it is somewhere else, and says so.
    let mut elsewhere = world.place.command(&["run", "app.sql", "--state", &url]);
    elsewhere
        .envs(variables)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let output = elsewhere.output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
