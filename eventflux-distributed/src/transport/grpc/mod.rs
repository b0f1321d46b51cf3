//! Frames over gRPC, with or without TLS: the same sequence of bytes as over TCP, in pieces, in a bidirectional stream.

mod grpc;
mod pieces;
mod service;

pub use grpc::Grpc;

#[allow(missing_docs, reason = "generated")]
mod proto {
    tonic::include_proto!("eventflux.frames.v1");
}
