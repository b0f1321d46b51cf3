//! The conformance kit of transports: [`kit`] makes connections, the other files say what must hold of every transport.

mod kit;

mod credit;
mod edges;
mod handshake;
mod hostile;
mod liveness;
mod order;
mod size;

/// Every test of the kit, for each transport.
macro_rules! conformance {
    ($($name:ident: $wire:expr;)*) => {
        $(mod $name {
            use crate::transport::kit::{Wire, run};
            use crate::transport::*;

            const WIRE: Wire = $wire;

            conformance!(@tests
                order::elements_keep_their_order_and_none_is_lost,
                order::many_channels_go_both_ways_at_once,
                order::small_batches_wait_for_company_but_overtake_nothing,
                order::a_sender_that_goes_away_fails_its_receiver,
                order::a_receiver_that_goes_away_lets_its_sender_go_on,
                order::what_waits_still_leaves_when_a_connection_is_closed,
                credit::a_receiver_that_takes_nothing_gets_no_more_than_the_smallest_window,
                credit::a_blocked_channel_does_not_stall_others,
                credit::barriers_pass_without_credit,
                size::large_batches_are_cut_and_large_rows_pass,
                size::a_row_larger_than_a_frame_fails_its_channel_only,
                handshake::a_peer_of_an_older_generation_is_refused,
                handshake::strangers_are_refused,
                handshake::an_address_where_nobody_listens_is_named,
                handshake::who_says_nothing_holds_up_nobody,
                liveness::a_broken_connection_fails_both_ends_and_another_can_be_made,
                liveness::a_peer_that_falls_silent_is_gone,
                liveness::a_quiet_connection_lives_on,
                hostile::what_breaks_the_protocol_ends_the_connection,
                edges::a_remote_edge_is_like_a_local_one,
                edges::a_subtask_that_takes_nothing_holds_up_its_sender,
                edges::a_broken_connection_fails_the_subtasks_at_both_ends,
                edges::what_was_sent_arrives_though_its_node_is_done
            );
        })*
    };
    (@tests $($family:ident::$test:ident),*) => {
        $(#[test]
        fn $test() {
            run($family::$test(WIRE));
        })*
    };
}

conformance! {
    in_process: Wire::InProcess;
    tcp: Wire::Tcp;
    tcp_tls: Wire::TcpTls;
    grpc: Wire::Grpc;
    grpc_tls: Wire::GrpcTls;
}
