//! Who is let in.

use std::sync::Arc;
use std::time::Duration;

use eventflux_core::element::StreamElement;
use eventflux_core::time::{Clock, VirtualClock};
use eventflux_distributed::transport::frame::{Frame, FrameType, Header, encode_hello};
use eventflux_distributed::transport::{
    Acceptor, Endpoint, Hello, NodeName, Peer, Refusal, Session, TransportError,
};

use super::kit::{Net, Wire, peer, session};
use super::order::id;

async fn refusal(endpoint: &Endpoint, peer: &Peer, session: &Session) -> Refusal {
    match endpoint.connect(peer, session).await {
        Err(TransportError::Refused { refusal, .. }) => refusal,
        other => panic!("{other:?}"),
    }
}

pub async fn a_peer_of_an_older_generation_is_refused(wire: Wire) {
    let net = Net::new(wire);
    let mut acceptor = net.listen().await;
    let (old, _at_b) = net.connect(&mut acceptor).await;
    net.members.move_to(4);
    let peer = peer(&acceptor);
    // It knows no better.
    let refusal_of_old = refusal(&net.endpoint("a"), &peer, &session(3)).await;
    assert_eq!(
        refusal_of_old.to_string(),
        "pipeline `p` is in generation 4, not 3"
    );
    assert!(!refusal_of_old.is_passing);
    let refusal_of_new = refusal(&net.endpoint("a"), &peer, &session(5)).await;
    assert_eq!(
        refusal_of_new.to_string(),
        "pipeline `p` is in generation 4, not 5"
    );
    assert!(refusal_of_new.is_passing, "the peer may not have heard of it yet");
    let endpoint = net.endpoint("a");
    let session = session(4);
    let (dialled, accepted) = tokio::join!(endpoint.connect(&peer, &session), acceptor.accept());
    assert_eq!(accepted.unwrap().hello().generation, 4);
    assert_eq!(dialled.unwrap().hello().node.id, "b");
    assert!(
        old.failure().is_none(),
        "who owns a connection decides when it is over"
    );
}

pub async fn strangers_are_refused(wire: Wire) {
    let net = Net::new(wire);
    let mut acceptor = net.listen().await;
    let b = peer(&acceptor);
    let lasting = refusal(&net.endpoint_of("d", "a", 1), &b, &session(3)).await;
    assert_eq!(
        lasting,
        Refusal {
            reason: "this is cluster `c`, not `d`".into(),
            is_passing: false
        }
    );
    let passing = refusal(&net.endpoint_of("c", "a", 2), &b, &session(3)).await;
    assert_eq!(passing.to_string(), "node `a`, incarnation 2, is not a member");
    let stranger = refusal(&net.endpoint("stranger"), &b, &session(3)).await;
    assert_eq!(
        stranger.to_string(),
        "node `stranger`, incarnation 1, is not a member"
    );
    let other = Session {
        pipeline: "q".to_owned(),
        generation: 3,
    };
    let unknown = refusal(&net.endpoint("a"), &b, &other).await;
    assert_eq!(unknown.to_string(), "pipeline `q` does not run here");
    wrong_names(&net, &acceptor).await;
    // None of them is in the way of who belongs here.
    let (a, _b) = net.connect(&mut acceptor).await;
    assert_eq!(a.hello().node.id, "b");
}

/// Nodes that are not who they say they are, or not who was expected.
async fn wrong_names(net: &Net, acceptor: &Acceptor) {
    let expected = Peer {
        id: "a".to_owned(),
        ..peer(acceptor)
    };
    let error = net
        .endpoint("b")
        .connect(&expected, &session(3))
        .await
        .expect_err("it is b");
    let is_secure = matches!(net.wire, Wire::TcpTls | Wire::GrpcTls);
    if is_secure {
        // The certificate does not fit.
        assert!(error.to_string().contains("TLS handshake"), "{error}");
    } else {
        assert_eq!(
            error.to_string(),
            format!("{expected}: no connection: node `b` answers")
        );
    }
    if is_secure {
        let mut link = net.transport("b").dial(&peer(acceptor)).await.unwrap();
        let hello = Hello {
            cluster: "c".to_owned(),
            node: NodeName {
                id: "a".to_owned(),
                incarnation: 1,
            },
            pipeline: "p".to_owned(),
            generation: 3,
        };
        let frame = Frame::new(Header::new(FrameType::Hello), encode_hello(&hello));
        link.sink.send(vec![frame]).await.unwrap();
        let answer = link
            .stream
            .next(&mut super::hostile::Anything)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer.header.frame_type, FrameType::Refuse);
        let text = String::from_utf8_lossy(answer.bytes()).into_owned();
        assert!(
            text.ends_with("the certificate is not made out to node `a`"),
            "{text}"
        );
    }
}

pub async fn an_address_where_nobody_listens_is_named(wire: Wire) {
    let net = Net::new(wire);
    let acceptor = net.listen().await;
    let peer = peer(&acceptor);
    let address = peer.address.clone();
    drop(acceptor);
    // Dropping takes effect when the task that listens has ended.
    let error = loop {
        match net.endpoint("a").connect(&peer, &session(3)).await {
            Err(
                error @ TransportError::Broken {
                    doing: "connecting", ..
                },
            ) => break error,
            _ => tokio::task::yield_now().await,
        }
    };
    assert!(
        error
            .to_string()
            .starts_with(&format!("b ({address}): connecting: ")),
        "{error}"
    );
}

pub async fn who_says_nothing_holds_up_nobody(wire: Wire) {
    let clock = Arc::new(VirtualClock::at(0));
    let net = Net {
        clock: Arc::clone(&clock) as _,
        ..Net::new(wire)
    };
    let mut acceptor = net.listen().await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(net.transport("a").dial(&peer(&acceptor)).await.unwrap());
    }
    let (a, b) = net.connect(&mut acceptor).await;
    let mut sender = a.open(id(0), None).unwrap();
    sender.send(StreamElement::EndOfInput).await.unwrap();
    let mut receiver = b.accept().await.unwrap();
    assert!(matches!(
        receiver.next().await.unwrap(),
        Some(StreamElement::EndOfInput)
    ));
    // Those who say nothing are let go, as time goes by.
    for mut link in silent {
        let end = loop {
            let mut anything = super::hostile::Anything;
            let next = link.stream.next(&mut anything);
            match tokio::time::timeout(Duration::from_millis(20), next).await {
                Ok(end) => break end,
                Err(_) => clock.advance_to(clock.now_us() + 1_000_000),
            }
        };
        assert!(!matches!(end, Ok(Some(_))), "{end:?}");
    }
}
