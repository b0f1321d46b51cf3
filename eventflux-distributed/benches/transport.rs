//! What a row costs between two nodes: encode + send + receive + decode, over loopback, per row of 41 bytes, against what was measured
//! when the design was made. CPU time counts that of both ends and of the system; it is steadier than the time on the wall. A second
//! table tells what the parts cost that need no wire, and a copy of the bytes as a yardstick for the machine.
//!
//! ```text
//! cargo bench -p eventflux-distributed --bench transport            all
//! cargo bench -p eventflux-distributed --bench transport -- 0.2     a fifth of the rows
//! cargo bench -p eventflux-distributed --bench transport -- 1024/none/tcp    only these, to look at with a profiler
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints what it measured, and stops when it cannot"
)]

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use eventflux_core::batch::EventBatch;
use eventflux_core::element::StreamElement;
use eventflux_core::runtime::EdgeId;
use eventflux_core::state::segment::Compression;
use eventflux_core::time::SystemClock;
use eventflux_distributed::transport::frame::{FrameType, Header};
use eventflux_distributed::transport::grpc::Grpc;
use eventflux_distributed::transport::in_process::InProcess;
use eventflux_distributed::transport::rows::{RowDecoder, RowEncoder};
use eventflux_distributed::transport::tcp::Tcp;
use eventflux_distributed::transport::{
    Connection, ConnectionConfig, Endpoint, Membership, NodeName, Peer, Session, TlsIdentity, Transport,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Nanoseconds per row as they were measured for the design: TCP, TLS, gRPC.
const DESIGN: [(usize, Compression, [&str; 3]); 4] = [
    (64, Compression::None, ["53", "76", "115"]),
    (1_024, Compression::None, ["14-21", "36", "39"]),
    (1_024, Compression::Lz4, ["58", "67", "65"]),
    (1_024, Compression::Zstd, ["144", "157", "157"]),
];

#[derive(Debug)]
struct Everybody;

impl Membership for Everybody {
    fn is_member(&self, _: &NodeName) -> bool {
        true
    }

    fn generation(&self, _: &str) -> Option<u64> {
        Some(1)
    }
}

/// Trades: an account, a quantity, a price, a symbol, and their event time: 8 + 8 + 8 + 4 + 5 + 8 bytes.
fn trades(first: i64, count: usize) -> EventBatch {
    let mixed = |row: i64| (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let rows = first..first + count as i64;
    let symbols = rows.clone().map(|row| format!("SYM{:02}", mixed(row) % 100));
    let columns: [(&str, ArrayRef); 4] = [
        (
            "account",
            Arc::new(
                rows.clone()
                    .map(|row| Some((mixed(row) % 1_000) as i64))
                    .collect::<Int64Array>(),
            ),
        ),
        (
            "quantity",
            Arc::new(
                rows.clone()
                    .map(|row| Some((mixed(row * 7) % 500) as i64))
                    .collect::<Int64Array>(),
            ),
        ),
        (
            "price",
            Arc::new(
                rows.clone()
                    .map(|row| Some((mixed(row * 3) % 100_000) as f64 / 100.0))
                    .collect::<Float64Array>(),
            ),
        ),
        ("symbol", Arc::new(StringArray::from_iter_values(symbols))),
    ];
    let times: Vec<i64> = rows.map(|row| 1_700_000_000_000_000 + row * 13).collect();
    EventBatch::new(RecordBatch::try_from_iter(columns).unwrap(), times.into()).unwrap()
}

fn identities() -> [TlsIdentity; 2] {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    ["a", "b"].map(|node| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![node.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap().pem();
        let (key, authority) = (key.serialize_pem(), authority.pem());
        TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes(), authority.as_bytes()).unwrap()
    })
}

async fn connect(transports: [Arc<dyn Transport>; 2], compression: Compression) -> (Connection, Connection) {
    let config = ConnectionConfig {
        compression,
        ..ConnectionConfig::default()
    };
    let [a, b] = ["a", "b"].map(|id| NodeName {
        id: id.to_owned(),
        incarnation: 1,
    });
    let [at_a, at_b] = transports;
    let clock = Arc::new(SystemClock);
    let endpoint = |transport, name| {
        Endpoint::new(
            transport,
            "bench",
            name,
            Arc::new(Everybody),
            config.clone(),
            Arc::clone(&clock) as _,
        )
    };
    let mut acceptor = endpoint(at_b, b).listen("127.0.0.1:0").await.unwrap();
    let peer = Peer {
        id: "b".to_owned(),
        address: acceptor.address().to_owned(),
    };
    let session = Session {
        pipeline: "bench".to_owned(),
        generation: 1,
    };
    let dialling = endpoint(at_a, a);
    let (a, b) = tokio::join!(dialling.connect(&peer, &session), acceptor.accept());
    (a.unwrap(), b.unwrap())
}

/// Microseconds of CPU that this process has used.
fn cpu_us() -> u64 {
    // SAFETY: the call fills the struct, of which all-zero is a valid value.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let us = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    us(usage.ru_utime) + us(usage.ru_stime)
}

/// A transport's name, both ends, and its place in the design's figures.
type Wire = (&'static str, [Arc<dyn Transport>; 2], Option<usize>);

struct Measured {
    cpu_ns: f64,
    wall_ns: f64,
    bytes: f64,
}

/// Sends rows over a connection of its own, in batches of one size.
async fn measure(connections: &(Connection, Connection), batch_rows: usize, row_count: usize) -> Measured {
    let (a, b) = connections;
    let id = EdgeId {
        edge: 0,
        sender: 0,
        receiver: 0,
    };
    let batches: Vec<EventBatch> = (0..64)
        .map(|batch| trades(batch * batch_rows as i64, batch_rows))
        .collect();
    let batch_count = row_count / batch_rows;
    let mut sender = a.open(id, None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    let (bytes, cpu, wall) = (a.bytes().0, cpu_us(), Instant::now());
    let sending = tokio::spawn(async move {
        for batch in 0..batch_count {
            let batch = batches[batch % batches.len()].clone();
            sender.send(StreamElement::Batch(batch)).await.unwrap();
        }
        sender.send(StreamElement::EndOfInput).await.unwrap();
    });
    let mut received = 0;
    while let Some(element) = receiver.next().await.unwrap() {
        if let StreamElement::Batch(batch) = element {
            received += batch.num_rows();
        }
    }
    sending.await.unwrap();
    let (cpu, wall, bytes) = (cpu_us() - cpu, wall.elapsed(), a.bytes().0 - bytes);
    assert_eq!(received, batch_count * batch_rows);
    let per_row = |whole: f64| whole / received as f64;
    Measured {
        cpu_ns: per_row(cpu as f64 * 1e3),
        wall_ns: per_row(wall.as_nanos() as f64),
        bytes: per_row(bytes as f64),
    }
}

/// The median of five, by CPU time, after one to warm up.
async fn median(
    transports: [Arc<dyn Transport>; 2],
    compression: Compression,
    batch_rows: usize,
    row_count: usize,
) -> Measured {
    let connections = connect(transports, compression).await;
    measure(&connections, batch_rows, row_count / 4).await;
    let mut measured = Vec::new();
    for _ in 0..5 {
        measured.push(measure(&connections, batch_rows, row_count).await);
    }
    measured.sort_by(|left, right| left.cpu_ns.total_cmp(&right.cpu_ns));
    measured.swap_remove(2)
}

/// What one thread needs for something, nanoseconds of CPU per row: the median of five.
fn alone(row_count: usize, batch_rows: usize, mut each: impl FnMut(usize)) -> f64 {
    let count = row_count / batch_rows;
    let mut measured: Vec<f64> = (0..5)
        .map(|_| {
            let cpu = cpu_us();
            (0..count).for_each(&mut each);
            (cpu_us() - cpu) as f64 * 1e3 / (count * batch_rows) as f64
        })
        .collect();
    measured.sort_by(f64::total_cmp);
    measured[2]
}

/// Encoding, checksums, decoding and copying, by themselves.
fn parts(batch_rows: usize, compression: Compression, row_count: usize) {
    let batches: Vec<EventBatch> = (0..64)
        .map(|batch| trades(batch * batch_rows as i64, batch_rows))
        .collect();
    let (mut encoder, mut decoder) = (RowEncoder::new(compression), RowDecoder::default());
    let schema = encoder.schema(batches[0].rows().schema_ref()).unwrap().unwrap();
    decoder.schema(&schema).unwrap();
    let encode = alone(row_count, batch_rows, |index| {
        std::hint::black_box(encoder.rows(&batches[index % 64]).unwrap());
    });
    let frames: Vec<_> = batches
        .iter()
        .map(|batch| {
            let rows = encoder.rows(batch).unwrap();
            let header = Header {
                codec: rows.codec,
                flags: rows.flags,
                raw_bytes: u32::try_from(rows.raw_bytes).unwrap(),
                ..Header::new(FrameType::Rows)
            };
            (header, bytes::Bytes::from(rows.body.concat()))
        })
        .collect();
    let crc = alone(row_count, batch_rows, |index| {
        let (header, body) = &frames[index % 64];
        std::hint::black_box(header.encode([&body[..]]));
    });
    let decode = alone(row_count, batch_rows, |index| {
        let (header, body) = &frames[index % 64];
        std::hint::black_box(decoder.rows(header, body).unwrap());
    });
    let mut copy = Vec::new();
    let copied = alone(row_count, batch_rows, |index| {
        copy.clear();
        copy.extend_from_slice(&frames[index % 64].1);
        std::hint::black_box(&copy);
    });
    println!(
        "| {batch_rows} | {compression} | {encode:.1} | {:.1} | {decode:.1} | {copied:.1} |",
        crc * 2.0
    );
}

fn main() {
    let share = std::env::args()
        .filter_map(|argument| argument.parse::<f64>().ok())
        .next();
    let only = std::env::args().skip(1).find(|argument| argument.contains('/'));
    let is_asked = |rows: usize, compression: Compression, name: &str| {
        only.as_ref()
            .is_none_or(|only| *only == format!("{rows}/{compression}/{name}"))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let [at_a, at_b] = identities();
    let network = InProcess::default();
    let wires: [Wire; 5] = [
        ("in-process", [Arc::new(network.clone()), Arc::new(network)], None),
        ("tcp", [Arc::new(Tcp::plain()), Arc::new(Tcp::plain())], Some(0)),
        (
            "tcp+tls",
            [Arc::new(Tcp::secure(&at_a)), Arc::new(Tcp::secure(&at_b))],
            Some(1),
        ),
        (
            "grpc",
            [Arc::new(Grpc::plain()), Arc::new(Grpc::plain())],
            Some(2),
        ),
        (
            "grpc+tls",
            [Arc::new(Grpc::secure(&at_a)), Arc::new(Grpc::secure(&at_b))],
            None,
        ),
    ];
    println!("ns per row of 41 bytes: encode + send + receive + decode over loopback, median of 5");
    println!();
    println!("| rows per frame | codec | transport | CPU ns | wall ns | bytes | design |");
    println!("|---|---|---|---|---|---|---|");
    for (batch_rows, compression, design) in DESIGN {
        for (name, transports, column) in &wires {
            if !is_asked(batch_rows, compression, name) {
                continue;
            }
            let rows = if batch_rows < 1_000 { 1e6 } else { 4e6 };
            let row_count = (rows * share.unwrap_or(1.0)) as usize;
            let Measured {
                cpu_ns,
                wall_ns,
                bytes,
            } = runtime
                .block_on(runtime.spawn(median(transports.clone(), compression, batch_rows, row_count)))
                .unwrap();
            let design = column.map_or("", |column| design[column]);
            println!(
                "| {batch_rows} | {compression} | {name} | {cpu_ns:.0} | {wall_ns:.0} | {bytes:.1} | {design} |"
            );
        }
    }
    if only.is_some() {
        return;
    }
    println!();
    println!("CPU ns per row without a wire: checksums at both ends; a copy of the body");
    println!();
    println!("| rows per frame | codec | encode | checksums | decode | copy |");
    println!("|---|---|---|---|---|---|");
    for (batch_rows, compression, _) in DESIGN {
        parts(batch_rows, compression, (1e6 * share.unwrap_or(1.0)) as usize);
    }
}
