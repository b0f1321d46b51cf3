//! An order of nodes for each group that does not depend on which other nodes there are.

/// How much a group likes a node: well-mixed, the same on every machine. Only orders what is otherwise equal.
pub(super) fn preference(group: u64, node: u64) -> u64 {
    mix(mix(group.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ node)
}

/// The finaliser of splitmix64: a bijection in which every input bit changes about half of the output bits.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_the_first_choice_of_about_as_many_groups() {
        let mut first_choices = [0_u32; 10];
        for group in 0..10_000 {
            let best = (0..10).max_by_key(|node| preference(group, *node)).unwrap();
            first_choices[best as usize] += 1;
        }
        assert!(
            first_choices.iter().all(|count| (900..1_100).contains(count)),
            "{first_choices:?}"
        );
    }
}
