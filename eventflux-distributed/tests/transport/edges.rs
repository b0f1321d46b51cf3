//! Edges of the runtime over connections.

use std::future::poll_fn;
use std::sync::Arc;

use eventflux_core::element::StreamElement;
use eventflux_core::runtime::{EdgeFeed, EdgeId, RemoteEdges, RemoteSender};
use eventflux_distributed::transport::{ConnectedEdges, Placement};
use tokio::runtime::Handle;

use super::kit::{Net, Wire, assert_rows, barrier, rows};
use super::order::id;

/// All other ends are on one node.
#[derive(Debug)]
struct On(&'static str);

impl Placement for On {
    fn sender(&self, _: EdgeId) -> Option<String> {
        Some(self.0.to_owned())
    }

    fn receiver(&self, _: EdgeId) -> Option<String> {
        Some(self.0.to_owned())
    }
}

/// Two nodes with two connections: at `a` everything leads to `b`, at `b` to `a`.
async fn joined(wire: Wire) -> (Arc<ConnectedEdges>, Arc<ConnectedEdges>) {
    let net = Net::new(wire);
    let mut acceptor = net.listen().await;
    let at_a = ConnectedEdges::new(Arc::new(On("b")), Handle::current());
    let at_b = ConnectedEdges::new(Arc::new(On("a")), Handle::current());
    for _ in 0..2 {
        let (a, b) = net.connect(&mut acceptor).await;
        at_a.add(a);
        at_b.add(b);
    }
    (at_a, at_b)
}

async fn send(sender: &mut dyn RemoteSender, element: StreamElement) -> eventflux_core::Result<()> {
    let StreamElement::Batch(mut batch) = element else {
        return sender.send_control(element);
    };
    while let Some(refused) = sender.try_send(batch)? {
        batch = refused;
        poll_fn(|context| sender.poll_room(context)).await;
    }
    Ok(())
}

pub async fn a_remote_edge_is_like_a_local_one(wire: Wire) {
    let (at_a, at_b) = joined(wire).await;
    // The receiver of one channel is there before its sender, the other's after it.
    let (early, early_end) = EdgeFeed::detached(1 << 20);
    at_b.receive(id(0), early).unwrap();
    let mut senders = [at_a.sender(id(0)).unwrap(), at_a.sender(id(1)).unwrap()];
    for sender in &mut senders {
        send(sender.as_mut(), StreamElement::Batch(rows(0, 10)))
            .await
            .unwrap();
        send(sender.as_mut(), StreamElement::Watermark(7)).await.unwrap();
        send(sender.as_mut(), barrier(3, 1)).await.unwrap();
        send(sender.as_mut(), StreamElement::Batch(rows(10, 10)))
            .await
            .unwrap();
        send(sender.as_mut(), StreamElement::EndOfInput).await.unwrap();
    }
    let (late, late_end) = EdgeFeed::detached(1 << 20);
    at_b.receive(id(1), late).unwrap();
    for end in [early_end, late_end] {
        let StreamElement::Batch(batch) = end.next().await.unwrap() else {
            panic!("no rows");
        };
        assert_rows(&batch, &rows(0, 10));
        assert!(matches!(end.next().await.unwrap(), StreamElement::Watermark(7)));
        assert!(matches!(end.next().await.unwrap(), StreamElement::Barrier(_)));
        assert!(matches!(end.next().await.unwrap(), StreamElement::Batch(_)));
        assert!(matches!(end.next().await.unwrap(), StreamElement::EndOfInput));
    }
    let twice = at_b
        .receive(id(0), EdgeFeed::detached(1).0)
        .expect_err("it is received");
    assert!(
        twice
            .to_string()
            .ends_with("edge 7 from 0 to 2: it is received twice"),
        "{twice}"
    );
}

pub async fn a_subtask_that_takes_nothing_holds_up_its_sender(wire: Wire) {
    let (at_a, at_b) = joined(wire).await;
    let (feed, end) = EdgeFeed::detached(1 << 20);
    at_b.receive(id(0), feed).unwrap();
    let mut sender = at_a.sender(id(0)).unwrap();
    let mut sent = 0;
    // All credit, a full queue, and what is on its way.
    while end.queued_bytes() < 60_000 || sender.try_send(rows(sent, 100)).unwrap().is_none() {
        if end.queued_bytes() < 60_000 && sender.try_send(rows(sent, 100)).unwrap().is_some() {
            tokio::task::yield_now().await;
            continue;
        }
        sent += 1;
        assert!(sent < 1_000, "nothing holds it up");
    }
    assert!(
        end.queued_bytes() <= 64 << 10,
        "{} bytes lie in the mailbox",
        end.queued_bytes()
    );
    end.next().await.unwrap();
    let taking = async {
        loop {
            end.next().await.unwrap();
        }
    };
    tokio::select! {
        () = poll_fn(|context| sender.poll_room(context)) => {}
        () = taking => {}
    }
    end.close();
    // The subtask is gone: nothing is kept, nobody waits.
    for batch in 0..200 {
        send(sender.as_mut(), StreamElement::Batch(rows(batch, 1_000)))
            .await
            .unwrap();
    }
}

pub async fn a_broken_connection_fails_the_subtasks_at_both_ends(wire: Wire) {
    let (at_a, at_b) = joined(wire).await;
    let (feed, end) = EdgeFeed::detached(1 << 20);
    let (waiting, waiting_end) = EdgeFeed::detached(1 << 20);
    at_b.receive(id(0), feed).unwrap();
    at_b.receive(id(1), waiting).unwrap();
    let mut sender = at_a.sender(id(0)).unwrap();
    send(sender.as_mut(), StreamElement::Batch(rows(0, 1)))
        .await
        .unwrap();
    end.next().await.unwrap();
    at_a.abort("a new generation");
    let error = end.next().await.expect_err("the connection is over");
    assert!(error.to_string().contains("a ("), "{error}");
    let error = waiting_end.next().await.expect_err("its channel never came");
    assert!(error.to_string().contains("a ("), "{error}");
    let error = sender
        .send_control(StreamElement::Idle)
        .expect_err("the connection is over");
    assert!(error.to_string().contains("a new generation"), "{error}");
    let error = at_a.sender(id(2)).expect_err("there is no connection");
    assert!(
        error.to_string().ends_with("there is no connection to node `b`"),
        "{error}"
    );
    at_b.receive(id(3), EdgeFeed::detached(1).0)
        .expect_err("a connection is over");
}

pub async fn what_was_sent_arrives_though_its_node_is_done(wire: Wire) {
    let (at_a, at_b) = joined(wire).await;
    let mut sender = at_a.sender(id(0)).unwrap();
    for batch in 0..10 {
        send(sender.as_mut(), StreamElement::Batch(rows(batch * 100, 100)))
            .await
            .unwrap();
    }
    send(sender.as_mut(), StreamElement::EndOfInput).await.unwrap();
    drop(sender);
    let (feed, end) = EdgeFeed::detached(1 << 20);
    at_b.receive(id(0), feed).unwrap();
    at_a.close().await;
    drop(at_a);
    let mut row_count = 0;
    loop {
        match end.next().await.unwrap() {
            StreamElement::Batch(batch) => row_count += batch.num_rows(),
            StreamElement::EndOfInput => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(row_count, 1_000);
    // Whoever waits for more from that node learns that there will be none.
    let (feed, end) = EdgeFeed::detached(1);
    if at_b.receive(id(1), feed).is_ok() {
        end.next().await.expect_err("its node is done");
    }
}
