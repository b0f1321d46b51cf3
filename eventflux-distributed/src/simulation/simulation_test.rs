//! The cluster in the simulator, and the bugs that the simulator has to find.

use super::{SimulationConfig, Summary, simulate};
use crate::sabotage::{Bug, with_bug};

fn check(summary: &Summary) {
    let Summary { seed, violations, .. } = summary;
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}\n{summary:?}");
}

#[test]
fn small_clusters_keep_every_row_once_whatever_happens() {
    let mut generations = 0;
    let mut faults = 0;
    for seed in 0..12 {
        let summary = simulate(seed, SimulationConfig::SMALL);
        check(&summary);
        generations += summary.generation;
        faults += summary.fault_count;
    }
    // Otherwise nothing was tried.
    assert!(
        generations > 60 && faults > 150,
        "{generations} generations, {faults} faults"
    );
}

#[test]
fn a_hundred_nodes_with_ten_thousand_key_groups_keep_every_row_once() {
    let summary = simulate(1, SimulationConfig::BRIEF);
    check(&summary);
    assert!(
        summary.generation > 1 && summary.committed_count > 1,
        "{summary:?}"
    );
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let run = || simulate(17, SimulationConfig::SMALL);
    assert_eq!(run(), run());
}

/// The seed that finds a bug, and what it finds.
fn find(bug: Bug) -> Option<(u64, String)> {
    with_bug(Some(bug), || {
        (0..60).find_map(|seed| {
            let summary = simulate(seed, SimulationConfig::SMALL);
            Some((seed, summary.violations.first()?.message.clone()))
        })
    })
}

macro_rules! finds {
    ($($test:ident: $bug:ident, $message:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let (seed, message) = find(Bug::$bug).expect("the bug is found");
                assert!(message.contains($message), "seed {seed}: {message}");
            }
        )*
    };
}

finds! {
    a_skipped_fence_is_found: FenceSkipped, "has gone back from generation";
    an_acknowledgement_before_the_sync_is_found: AckBeforeSync, "";
    a_reused_epoch_is_found: EpochReused, "was begun after epoch";
    a_barrier_that_overtakes_data_is_found: BarrierOvertakesData, "";
    a_commit_of_an_old_generation_is_found: OldGenerationCommits, "";
    a_command_that_is_carried_out_twice_is_found: DedupSkipped, "came to";
    output_before_the_commit_is_found: DeliveredBeforeCommit, "is not committed";
    commits_that_are_not_repeated_are_found: CommitsNotRepeated, "are not visible once";
    sources_that_are_not_sought_are_found: SourcesNotSought, "";
    survivors_that_keep_their_state_are_found: RollbackSkipped, "";
    data_of_an_older_generation_is_found: HandshakeSkipped, "";
    lost_rows_of_a_given_up_epoch_are_found: AbortedRowsDropped, "";
    a_manifest_that_is_published_too_early_is_found: PublishedBeforeCommit, "it is not committed";
    a_position_behind_the_barrier_is_found: PositionAfterBarrier, "";
    an_older_checkpoint_that_is_told_is_found: OlderCheckpointAnswered, "which had begun before";
    a_minority_that_commits_is_found: QuorumSkipped, "without a majority";
}
