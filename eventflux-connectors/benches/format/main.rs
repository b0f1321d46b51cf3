//! What decoders and encoders cost per trade, beside the parsers one would otherwise take.
//!
//! Times are CPU times of 8 192 rows. Throughput is in elements (rows): its inverse is the cost per row. `floor` is a parser written by hand for exactly these
//! records, in this order, without any check that is not needed to read them.

#![allow(clippy::unwrap_used, reason = "a bench may fail in the shortest way")]

mod cpu_time;

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use cpu_time::CpuTime;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{Decode, DecodeRequest, EncodeRequest, Options, Registry};
use eventflux_core::plan::SourceColumn;
use serde::Deserialize;

const ROW_COUNT: usize = 8_192;

/// Trades that differ in length as real ones do; a fixed generator, so that all runs see the same.
fn trades(mut write: impl FnMut(u64, u64, u64, u64)) {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for row in 0..ROW_COUNT as u64 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        write(
            1_700_000_000_000 + row,
            random % 1_000,
            1_000 + random % 99_000,
            1 + random % 900,
        );
    }
}

fn json_lines() -> String {
    let mut text = String::new();
    trades(|ts, symbol, cents, volume| {
        let (whole, part) = (cents / 100, cents % 100);
        let written = writeln!(
            text,
            r#"{{"ts":{ts},"symbol":"SYM{symbol:04}","price":{whole}.{part:02},"volume":{volume},"side":"B"}}"#
        );
        written.unwrap();
    });
    text
}

fn csv_lines() -> String {
    let mut text = String::from("ts,symbol,price,volume,side\n");
    trades(|ts, symbol, cents, volume| {
        writeln!(
            text,
            "{ts},SYM{symbol:04},{}.{:02},{volume},B",
            cents / 100,
            cents % 100
        )
        .unwrap();
    });
    text
}

fn columns() -> Vec<FieldRef> {
    let column = |name: &str, data_type| Arc::new(Field::new(name, data_type, true));
    vec![
        column("ts", DataType::Timestamp(TimeUnit::Millisecond, None)),
        column("symbol", DataType::Utf8),
        column("price", DataType::Float64),
        column("volume", DataType::Int64),
        column("side", DataType::Utf8),
    ]
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    eventflux_connectors::register(&mut registry);
    registry
}

fn decoder(format: &str, used: &[&str]) -> Box<dyn Decode> {
    let declared = Arc::new(Schema::new(columns()));
    let columns: Vec<_> = used
        .iter()
        .map(|name| SourceColumn {
            field: Arc::new(declared.field_with_name(name).unwrap().clone()),
            metadata: None,
        })
        .collect();
    let request = DecodeRequest {
        columns: &columns,
        declared: &declared,
        options: &Options::default(),
    };
    registry().decoder(format).unwrap().plan(&request).unwrap()()
}

fn decode(decoder: &mut dyn Decode, bytes: &[u8]) -> RecordBatch {
    let mut bad = Vec::new();
    let start = decoder.begin(bytes, true).unwrap().unwrap();
    let taken = decoder
        .decode_stream(&bytes[start..], start as u64, true, ROW_COUNT, &mut bad)
        .unwrap();
    assert!(bad.is_empty() && start + taken == bytes.len());
    decoder.take().unwrap()
}

#[derive(Deserialize)]
struct Trade<'a> {
    ts: i64,
    symbol: &'a str,
    price: f64,
    volume: i64,
}

/// Fields in a fixed order, digits and quotes taken on trust.
fn floor(bytes: &[u8]) -> (Vec<i64>, Vec<u8>, Vec<f64>, Vec<i64>) {
    let (mut times, mut symbols, mut prices, mut volumes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut at = 0;
    let number = |at: &mut usize| {
        let mut value = 0i64;
        while let digit @ 0..=9 = bytes[*at].wrapping_sub(b'0') {
            value = value * 10 + i64::from(digit);
            *at += 1;
        }
        value
    };
    while at < bytes.len() {
        at += br#"{"ts":"#.len();
        times.push(number(&mut at));
        at += br#","symbol":""#.len();
        let end = at + memchr::memchr(b'"', &bytes[at..]).unwrap();
        symbols.extend_from_slice(&bytes[at..end]);
        at = end + br#"","price":"#.len();
        let whole = number(&mut at);
        at += 1;
        let part = number(&mut at);
        prices.push((whole * 100 + part) as f64 / 100.0);
        at += br#","volume":"#.len();
        volumes.push(number(&mut at));
        at += br#","side":"B"}"#.len() + 1;
    }
    (times, symbols, prices, volumes)
}

fn decoders(criterion: &mut Criterion<CpuTime>) {
    let (json, csv) = (json_lines(), csv_lines());
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(ROW_COUNT as u64));
    for (name, used) in [
        ("4 of 5 columns", &["ts", "symbol", "price", "volume"][..]),
        ("3 of 5 columns", &["ts", "symbol", "price"]),
        ("1 of 5 columns", &["price"]),
    ] {
        for (format, text) in [("json", &json), ("csv", &csv)] {
            let mut decoder = decoder(format, used);
            group.bench_function(BenchmarkId::new(format, name), |bencher| {
                bencher.iter(|| decode(&mut *decoder, black_box(text.as_bytes())));
            });
        }
    }
    group.bench_function("json/hand-written floor", |bencher| {
        bencher.iter(|| floor(black_box(json.as_bytes())))
    });
    group.bench_function("json/serde_json typed", |bencher| {
        bencher.iter(|| {
            for line in black_box(&json).lines() {
                let trade: Trade<'_> = serde_json::from_str(line).unwrap();
                black_box((trade.ts, trade.symbol, trade.price, trade.volume));
            }
        });
    });
    let schema = Arc::new(Schema::new(columns()[..4].to_vec()));
    group.bench_function("json/arrow-json", |bencher| {
        bencher.iter(|| {
            let reader = arrow_json::ReaderBuilder::new(schema.clone()).with_batch_size(ROW_COUNT);
            let mut batches = reader.build(black_box(json.as_bytes())).unwrap();
            assert_eq!(batches.next().unwrap().unwrap().num_rows(), ROW_COUNT);
        });
    });
    group.finish();
}

fn encoders(criterion: &mut Criterion<CpuTime>) {
    let used = ["ts", "symbol", "price", "volume"];
    let batch = EventBatch::at(decode(&mut *decoder("json", &used), json_lines().as_bytes()), 0);
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(ROW_COUNT as u64));
    for format in ["json", "csv", "debezium_json"] {
        let schema = batch.schema();
        let request = EncodeRequest {
            schema: &schema,
            key: &[],
            options: &Options::default(),
        };
        let mut encoder = registry().encoder(format).unwrap().plan(&request).unwrap()();
        let mut out = Vec::new();
        group.bench_function(format, |bencher| {
            bencher.iter(|| {
                out.clear();
                encoder.encode_stream(black_box(&batch), &mut out).unwrap();
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = decoders, encoders
}
criterion_main!(benches);
