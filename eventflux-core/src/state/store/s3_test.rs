//! S3 as a store, against a server of its protocol.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use bytes::Bytes;

use super::{CheckpointStore, StoreOptions, open_store};
use crate::testing::{check_reopening, check_store};

/// The server that all tests share, and a new bucket there.
fn bucket(name: &str) -> (String, StoreOptions) {
    let address = std::env::var("EVENTFLUX_TEST_S3").expect("run scripts/test.sh: it starts a server of S3");
    let bucket = format!("{name}-{}", std::process::id());
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(
        stream,
        "PUT /{bucket} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
    let settings = [
        ("aws_endpoint", format!("http://{address}")),
        ("aws_allow_http", "true".to_owned()),
        ("aws_access_key_id", "test".to_owned()),
        ("aws_secret_access_key", "s3cret-word".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    let options = StoreOptions {
        settings: settings.into(),
        ..StoreOptions::default()
    };
    (format!("s3://{bucket}"), options)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_what_every_store_keeps() {
    let (address, options) = bucket("kit");
    let address = format!("{address}/apps/one");
    let open = || async { open_store(&address, &options).await.unwrap() };
    assert_eq!(open().await.to_string(), address);
    check_store(open().await).await;
    check_reopening(open).await;
}

#[tokio::test]
async fn the_later_of_two_settings_wins_and_unknown_ones_are_refused() {
    let (address, options) = bucket("settings");
    let store = open_store(&address, &options).await.unwrap();
    assert!(
        store
            .put_if_absent("a", Bytes::from_static(b"abc").into())
            .await
            .unwrap()
    );
    let with = |name: &str, value: &str| StoreOptions {
        settings: [&options.settings[..], &[(name.to_owned(), value.to_owned())]].concat(),
        ..options.clone()
    };
    let elsewhere = with("aws_endpoint", "http://127.0.0.1:1");
    let store: Arc<dyn CheckpointStore> = open_store(&address, &elsewhere).await.unwrap();
    let error = store.get("a").await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Environment, "{error}");
    assert!(
        !format!("{error} {error:?} {store:?}").contains("s3cret"),
        "{error:?}"
    );
    let error = open_store(&address, &with("aws_regoin", "x")).await.unwrap_err();
    assert!(
        error.to_string().contains("`aws_regoin` is no setting"),
        "{error}"
    );
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_said() {
    let (_, options) = bucket("other");
    let store = open_store("s3://nowhere-at-all/x", &options).await.unwrap();
    let error = store
        .put_if_absent("a", Bytes::from_static(b"abc").into())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("s3://nowhere-at-all/x"), "{error}");
}
